"""What a step sees: sequences within episodes, pairs of worlds or disjoint plays."""

import numpy as np
import pytest
import torch

from mwm import MwmError
from mwm.io.frames import divide
from mwm.training.batches import Plays, Sampler

CPU = torch.device("cpu")
LENGTH = 10


@pytest.fixture
def plays(contents):
    episodes = contents["original"].episodes("train")
    return {w: Plays(contents[w], episodes, LENGTH, CPU) for w in ("original", "mirror")}


def sampler(plays, defaults, corresponding: bool, seed: int = 0) -> Sampler:
    batch = defaults.train.batch.model_copy(update={"length": LENGTH})
    return Sampler(plays, batch, corresponding, np.random.default_rng(seed))


def test_sequences_are_successive_frames_of_one_episode(plays, contents):
    content = contents["original"]
    play = plays["original"]
    ends = content.episode_offsets[1:]
    for start in play.starts:
        assert np.searchsorted(ends, start, "right") == np.searchsorted(
            ends, start + LENGTH, "right"
        )
    batch = play.sequences(play.starts[[3, 7]])
    expected = np.stack([content.frames[s : s + LENGTH + 1] for s in play.starts[[3, 7]]])
    assert np.array_equal(batch.frames, expected)
    assert np.array_equal(batch.actions[0], content.actions[play.starts[3] :][:LENGTH])


def test_every_sequence_that_fits_may_be_drawn(plays, contents):
    content = contents["original"]
    lengths = np.diff(content.episode_offsets)[content.episodes("train")]
    assert len(plays["original"].starts) == (lengths - LENGTH).sum()


def test_held_out_episodes_are_never_drawn(plays, contents):
    content = contents["original"]
    held_out = np.concatenate(
        [
            np.arange(*content.episode_offsets[e : e + 2])
            for split in ("validation", "test")
            for e in content.episodes(split)
        ]
    )
    assert not np.isin(plays["original"].frame_indices, held_out).any()


def test_corresponding_inputs_are_the_same_moments_in_all_worlds(plays, defaults, contents):
    draws = sampler(plays, defaults, corresponding=True)
    batch = draws.frames(draws.indices())
    place = contents["mirror"].pixel_map
    original = np.unpackbits(batch["original"].numpy(), axis=1)
    assert np.array_equal(np.unpackbits(batch["mirror"].numpy(), axis=1), original[:, place])


def test_independent_inputs_are_drawn_for_each_world_alone(plays, defaults, contents):
    draws = sampler(plays, defaults, corresponding=False)
    batch = draws.frames(draws.indices())
    place = contents["mirror"].pixel_map
    original = np.unpackbits(batch["original"].numpy(), axis=1)
    assert not np.array_equal(np.unpackbits(batch["mirror"].numpy(), axis=1), original[:, place])


def test_the_same_seed_draws_the_same(plays, defaults):
    one, two, other = (sampler(plays, defaults, False, seed).sequences() for seed in (1, 1, 2))
    assert torch.equal(one["mirror"].frames, two["mirror"].frames)
    assert not torch.equal(one["mirror"].frames, other["mirror"].frames)


def test_independent_worlds_share_no_episode_and_together_have_all():
    episodes = np.arange(11)
    parts = [divide(episodes, "independent", k, 3) for k in range(3)]
    assert sorted(np.concatenate(parts)) == list(episodes)
    assert all(np.array_equal(divide(episodes, "corresponding", k, 3), episodes) for k in range(3))


def test_episodes_shorter_than_a_sequence_are_told(contents):
    with pytest.raises(MwmError, match=r"train\.batch\.length: expected .* more than 500 frames"):
        Plays(contents["original"], np.array([0, 1]), 500, CPU)
