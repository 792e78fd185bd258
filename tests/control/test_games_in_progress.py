"""Games as a player sees them: what interrupts, workers and masks change of them, and what not."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import torch

from mwm import UsageError, seeding
from mwm.control.games import Games, Noise, environments, noise_of
from mwm.control.look import Look, Mask, mask_of
from mwm.models.encoding import encode
from mwm.worlds import World

Make = Callable[..., Games]


def seeds(place: int, number: int) -> int:
    """Of an episode."""
    return seeding.derive(7, place, number)


@pytest.fixture
def making(setup, model) -> Iterator[Make]:
    """Makes games of the small model, whose environments are closed at the end."""
    made = []

    def make(
        count: int = 3, look: Look | None = None, workers: int = 1, noise: Noise | None = None
    ) -> Games:
        made.append(environments(setup, count, workers))
        return Games(made[-1], model, look or Look("original"), seeds, noise)

    yield make
    for envs in made:
        envs.close()


def steps(games: Games, choices: np.random.Generator, count: int) -> list[Any]:
    """What happens in so many steps."""
    seen = []
    for _ in range(count):
        rewards, ended = games.step(torch.from_numpy(choices.integers(6, size=len(games.codes))))
        seen.append((games.frames.copy(), games.codes, rewards, ended))
    return seen


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether all that happened is the same, bit by bit."""
    pairs = [pair for each in zip(one, other, strict=True) for pair in zip(*each, strict=True)]
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shown", "foreign"])
def test_games_go_on_from_where_they_were_interrupted(making, contents, kind) -> None:
    """Also when some have just begun anew, and others are far into their second episode."""
    look = Look("original", mask=mask_of(kind, contents["original"], 0))
    first, choices = making(look=look), np.random.default_rng(0)
    ended, lengths = np.zeros(3, np.int64), [0]
    while not (ended.all() and 0 in lengths and max(lengths) > 5):
        ended += first.step(torch.from_numpy(choices.integers(6, size=3)))[1]
        arrays, notes = first.state()
        lengths = [len(taken) for taken in notes["taken"]]
    second = making(look=look)
    second.restore(arrays, notes)
    assert torch.equal(second.codes, first.codes)
    after = [steps(games, np.random.default_rng(1), 90) for games in (first, second)]
    assert np.sum([each[3] for each in after[0]], axis=0).any()
    assert same(*after)


def test_noise_moves_latents_by_v_s_own_spread_and_outlives_an_interrupt(making, model, defaults):
    control = defaults.control.model_copy(update={"games": 3, "noise": 0.5})
    noise = noise_of(control, model.latent)
    assert noise is not None
    first, clean = making(noise=noise), making()
    packed = torch.from_numpy(first.frames)
    mean, log_variance = encode(model.module.vision("original"), packed)
    moved = (first.codes[:, : model.latent] - mean) / (0.5 * log_variance).exp()
    assert torch.allclose(moved, noise(0), atol=1e-3)
    assert not torch.equal(noise(0), noise(1))
    assert noise(0).std() < 0.8
    assert torch.equal(clean.codes[:, : model.latent], mean)
    steps(first, np.random.default_rng(0), 5)
    second = making(noise=noise)
    second.restore(*first.state())
    assert same(*(steps(games, np.random.default_rng(1), 5) for games in (first, second)))


def test_without_noise_none_is_drawn(defaults) -> None:
    assert noise_of(defaults.control.model_copy(update={"noise": 0.0}), 8) is None


def test_the_number_of_workers_changes_nothing(making) -> None:
    found = [steps(making(workers=workers), np.random.default_rng(0), 12) for workers in (1, 2)]
    assert same(*found)


def test_an_episode_depends_on_its_seed_and_actions_alone(making) -> None:
    """Not on what else is played, nor on what was played before."""
    alone, among = making(1), making(3)
    for _ in range(30):
        alone.step(torch.tensor([2]))
        among.step(torch.tensor([2, 3, 0]))
        assert np.array_equal(alone.frames[0], among.frames[0])
        assert torch.allclose(alone.codes[0], among.codes[0], atol=1e-6)


def test_a_world_is_seen_as_it_shows_the_game(making, model) -> None:
    mirror = World("mirror", ["mirror"])
    home, away = making(), making(look=Look("mirror", mirror.show))
    home.step(torch.tensor([2, 3, 0]))
    away.step(torch.tensor([2, 3, 0]))
    assert np.array_equal(home.frames, away.frames), "the original's, in every world"
    for games, world, frames in ((home, "original", home.frames), (away, "mirror", None)):
        shown = frames if frames is not None else mirror.show(home.frames)
        expected = model.encode(world, shown)
        np.testing.assert_allclose(games.codes[:, : model.latent], expected, rtol=1e-4, atol=1e-5)


def test_a_world_that_is_undone_is_the_original(making) -> None:
    """The oracle: a player that knew the transformation would see, and do, exactly the same."""
    mirror = World("mirror", ["mirror"])
    home = making()
    undone = making(look=Look("original", lambda frames: mirror.show(mirror.show(frames))))
    found = [steps(games, np.random.default_rng(0), 12) for games in (home, undone)]
    assert same(*found)


@pytest.mark.parametrize("kind", ["foreign", "erased"])
def test_a_mask_takes_the_opponent_s_bat_and_nothing_else(kind, contents) -> None:
    original = contents["original"]
    mask = Mask(kind, original, seed=0)
    frames = original.frames[:200]
    masked = mask(frames, np.arange(200))
    before, after = (np.unpackbits(f, axis=1).reshape(-1, 64, 64) for f in (frames, masked))
    assert np.array_equal(before[:, :, 8:], after[:, :, 8:])
    bats = {
        each.tobytes()
        for each in np.unpackbits(original.frames, axis=1).reshape(-1, 64, 64)[:, :, :8]
    }
    assert all(each.tobytes() in bats for each in after[:, :, :8]) or kind == "erased"
    assert after[:, :, :8].any() == (kind == "foreign")
    if kind == "foreign":
        there = before[:, :, :8].any((1, 2)) & after[:, :, :8].any((1, 2))
        heights = [f[there, :, :8].any(2).argmax(1) for f in (before, after)]
        assert abs(np.corrcoef(*heights)[0, 1]) < 0.3
        assert not np.array_equal(masked, mask(frames, np.arange(200) + 7))
        assert np.array_equal(masked, Mask(kind, original, seed=0)(frames, np.arange(200)))


def test_masks_are_none_or_of_games_with_an_opponent(contents) -> None:
    original = contents["original"]
    assert mask_of("shown", original, 0) is None
    other = type(original)(
        **{**vars(original), "attributes": {"game": "ALE/X-v5", "objects": "{}"}}
    )
    with pytest.raises(UsageError, match=r"control.opponent: expected shown, as ALE/X-v5 has no"):
        mask_of("foreign", other, 0)


def test_each_look_of_a_mask_has_a_number_of_its_own(setup, model) -> None:
    """By it a foreign bat is drawn: with one number for all, there would be one bat for ever."""
    seen = []

    def noting(frames: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        seen.append(numbers.copy())
        return frames

    with closing(environments(setup | {"max_episode_steps": 5}, 3, 1)) as envs:
        games = Games(envs, model, Look("original", mask=noting), seeds)
        for _ in range(12):  # two ends of episodes
            games.step(torch.zeros(3, dtype=torch.int64))
    assert len(np.unique(seen)) == 13 * 3
