"""What a step sees: sequences within episodes, pairs of worlds or disjoint plays."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mwm import ArtefactError, MwmError
from mwm.io.frames import divide
from mwm.models.encoding import sequences
from mwm.models.rarity import frame_weights, usual
from mwm.training.batches import Episodes, Sampler

CPU = torch.device("cpu")
LENGTH = 10
WORLDS = ("original", "mirror")


def sampler(contents, defaults, inputs: str, worlds=WORLDS, seed: int = 0) -> Sampler:
    batch = defaults.train.batch.model_copy(update={"length": LENGTH})
    frames = {w: contents[w] for w in worlds}
    return Sampler(frames, batch, inputs, np.random.default_rng(seed), CPU)


@pytest.fixture
def episodes(contents) -> Episodes:
    content = contents["original"]
    return Episodes(content, content.episodes("train"), LENGTH, CPU)


def test_sequences_are_successive_frames_of_one_episode(episodes, contents):
    content = contents["original"]
    ends = content.episode_offsets[1:]
    for start in episodes.starts.indices:
        assert np.searchsorted(ends, start, "right") == np.searchsorted(
            ends, start + LENGTH, "right"
        )
    starts = episodes.starts.indices[[3, 7]]
    batch = episodes.sequences(starts)
    expected = np.stack([content.frames[s : s + LENGTH + 1] for s in starts])
    assert np.array_equal(batch.frames, expected)
    assert np.array_equal(batch.actions[0], content.actions[starts[0] :][:LENGTH])
    assert np.array_equal(batch.now, expected[:, :-1].reshape(-1, 512))
    assert np.array_equal(batch.after, expected[:, 1:].reshape(-1, 512))
    same = sequences(content, starts, LENGTH)
    assert torch.equal(same.frames, batch.frames)
    assert torch.equal(same.actions, batch.actions)


def test_every_sequence_that_fits_may_be_drawn(episodes, contents):
    content = contents["original"]
    lengths = np.diff(content.episode_offsets)[content.episodes("train")]
    assert len(episodes.starts.indices) == (lengths - LENGTH).sum()


@pytest.mark.parametrize("inputs", ["corresponding", "independent"])
def test_held_out_episodes_are_never_drawn(contents, defaults, inputs):
    content = contents["original"]
    held_out = np.concatenate(
        [
            np.arange(*content.episode_offsets[e : e + 2])
            for split in ("validation", "test")
            for e in content.episodes(split)
        ]
    )
    for world in sampler(contents, defaults, inputs).episodes.values():
        assert not np.isin(world.frames.indices, held_out).any()


def mirrored(packed: torch.Tensor, contents) -> np.ndarray:
    return np.unpackbits(packed.numpy(), axis=1)[:, contents["mirror"].pixel_map]


def test_corresponding_inputs_are_the_same_moments_in_all_worlds(contents, defaults):
    batch = sampler(contents, defaults, "corresponding").images()
    expected = mirrored(batch["original"].packed, contents)
    assert np.array_equal(np.unpackbits(batch["mirror"].packed.numpy(), axis=1), expected)
    assert np.array_equal(batch["mirror"].indices, batch["original"].indices)


def test_independent_inputs_are_drawn_for_each_world_from_its_own_episodes(contents, defaults):
    draws = sampler(contents, defaults, "independent")
    original, mirror = (draws.episodes[w].frames.indices for w in WORLDS)
    assert not np.isin(original, mirror).any()
    batch = draws.images()
    for world in WORLDS:
        assert np.isin(batch[world].indices, draws.episodes[world].frames.indices).all()
        expected = contents[world].frames[batch[world].indices]
        assert np.array_equal(batch[world].packed, expected)


@pytest.mark.parametrize("world", WORLDS)
def test_a_world_alone_sees_the_share_that_it_has_beside_the_other(contents, defaults, world):
    both = sampler(contents, defaults, "independent")
    alone = sampler(contents, defaults, "independent", worlds=[world])
    assert np.array_equal(alone.episodes[world].frames.indices, both.episodes[world].frames.indices)


def test_the_same_seed_draws_the_same(contents, defaults):
    one, two, other = (
        sampler(contents, defaults, "independent", seed=seed).sequences() for seed in (1, 1, 2)
    )
    assert torch.equal(one["mirror"].frames, two["mirror"].frames)
    assert not torch.equal(one["mirror"].frames, other["mirror"].frames)


def test_independent_worlds_share_no_episode_and_together_have_all():
    episodes = np.arange(11)
    parts = [divide(episodes, "independent", k, 3) for k in range(3)]
    assert sorted(np.concatenate(parts)) == list(episodes)
    assert all(np.array_equal(divide(episodes, "corresponding", k, 3), episodes) for k in range(3))


def test_episodes_shorter_than_a_sequence_are_told(contents):
    with pytest.raises(MwmError, match=r"train\.batch\.length: expected .* more than 500 frames"):
        Episodes(contents["original"], np.array([0, 1]), 500, CPU)


def test_a_world_without_training_episodes_is_told_by_name(contents, defaults):
    content = contents["mirror"]
    bare = {"mirror": replace(content, split=np.full_like(content.split, 2))}
    with pytest.raises(ArtefactError, match=r"^world mirror: expected train episodes, found none"):
        sampler(bare, defaults, "corresponding", ("mirror",))


def test_fewer_episodes_than_worlds_are_told():
    with pytest.raises(MwmError, match="expected a training episode for each of 2 worlds, found 1"):
        divide(np.arange(1), "independent", 1, 2)


def test_rare_frames_and_the_sequences_that_hold_them_are_drawn_more_often(contents):
    content, exponent = contents["original"], 0.7
    of = (content, content.episodes("train"), LENGTH, CPU, exponent)
    rare = Episodes(*of)
    packed = content.frames[rare.frames.indices]
    weights = frame_weights(packed, usual(packed), exponent)
    place = {index: place for place, index in enumerate(rare.frames.indices)}
    whole = np.array([weights[place[s] : place[s] + LENGTH + 1].sum() for s in rare.starts.indices])
    rng = np.random.default_rng(0)
    for choices, expected in ((rare.frames, weights), (rare.starts, whole)):
        assert len(expected) == len(choices.indices)
        drawn = choices.draw(rng, 200_000)
        assert np.isin(drawn, choices.indices).all()
        heavy = choices.indices[expected > np.quantile(expected, 0.9)]
        share = expected[np.isin(choices.indices, heavy)].sum() / expected.sum()
        assert np.isin(drawn, heavy).mean() == pytest.approx(share, abs=0.01)
        assert share > len(heavy) / len(expected)


@pytest.mark.parametrize("inputs", ["corresponding", "independent"])
def test_a_sampler_draws_rare_frames_more_often(contents, defaults, inputs):
    batch = defaults.train.batch.model_copy(update={"length": 10})
    worlds = {w: contents[w] for w in WORLDS}
    draws = Sampler(worlds, batch, inputs, np.random.default_rng(0), CPU)
    drawn = ["original"] if inputs == "corresponding" else [*WORLDS]
    for world in drawn:  # corresponding: the first world's draws are everyone's
        episodes = draws.episodes[world]
        for one in (episodes, episodes.lengthened(20)):
            packed = contents[world].frames[one.frames.indices]
            weights = frame_weights(packed, usual(packed), batch.rare_frames)
            found = one.frames.draw(np.random.default_rng(0), 20_000)
            mean = weights[np.searchsorted(one.frames.indices, found)].mean()
            assert mean == pytest.approx((weights**2).sum() / weights.sum(), rel=0.05)
            assert mean > 1.2 * weights.mean()
