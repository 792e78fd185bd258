"""Scores: each game counts once and to its end, in every world with the same chance."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from mwm import seeding
from mwm.control.games import environments
from mwm.control.look import Look
from mwm.environments.game import GameEnv
from mwm.environments.vector import VectorGameEnv
from mwm.transfer.pairs import fit
from mwm.transfer.scoring import at_random, score
from mwm.worlds import World

SEED = 3
LATE = {"noop_max": 12}  # of a second each, in which points are lost


@pytest.fixture(scope="module")
def envs(setup: dict[str, Any]) -> Iterator[VectorGameEnv]:
    """Four games of different lengths; what was played in them before makes no difference."""
    with closing(environments(setup | LATE, 4, workers=1)) as made:
        yield made


def by_codes(codes: torch.Tensor) -> torch.Tensor:
    """A policy of sorts: it depends on all of a code."""
    return (codes.sum(1) * 1000).long() % 6


def test_each_game_is_played_once_to_its_end(envs, model, setup) -> None:
    seen = []
    chosen = at_random(6, 0)
    played = score(envs, model, Look("original"), chosen, SEED, monitor=watching(seen))
    again, most = at_random(6, 0), int(played.steps.max())
    actions = torch.stack([again(torch.zeros(4, 1)) for _ in range(most)]).numpy()
    assert len(played.points) == len(played.steps) == 4
    for place in range(4):
        alone, over, points, steps = GameEnv(**setup | LATE), False, 0.0, 0
        alone.reset(seed=seeding.derive(SEED, "transfer", place, 0))
        while not over:
            _, reward, over, _, _ = alone.step(actions[steps, place])
            points, steps = points + reward, steps + 1
        assert (played.points[place], played.steps[place]) == (points, steps)
    assert len(set(played.steps.tolist())) > 1, "chance differs from game to game"
    assert len(played.film) == len(played.earned) == played.steps[0]
    assert played.earned[0] == 0
    assert abs(played.points[0] - played.earned[-1]) <= 1, "but for the last action"
    assert len(played.codes) == len(played.frames) > 8
    latents = model.encode("original", played.frames)
    assert np.allclose(played.codes[:, : model.latent], latents, atol=1e-4), "of the same moments"
    assert sum(seen) == 4
    mean = np.mean(played.points)
    assert played.mean == mean
    assert np.isclose(played.margin, 1.96 * played.points.std(ddof=1) / 2)


@pytest.mark.parametrize(
    "steps", [["transpose", "mirror"], [{"permutation": {"seed": 7}}, "chessboard"]], ids=str
)
def test_undoing_a_world_gives_the_source_s_scores_exactly(envs, model, contents, steps) -> None:
    mirror = World("mirror", ["mirror"])
    turn = World("turn", steps).make(contents["original"])
    place = np.argsort(turn.pixel_map)
    assert not np.array_equal(place, turn.pixel_map), "of an involution either would do"

    def undo(frames: np.ndarray) -> np.ndarray:
        return np.packbits(np.unpackbits(frames ^ turn.inverted, axis=1)[:, place], axis=1)

    undone = Look("original", lambda frames: undo(turn.show(frames)))
    found = [score(envs, model, look, by_codes, SEED) for look in (Look("original"), undone)]
    assert np.array_equal(found[0].points, found[1].points)
    assert np.array_equal(found[0].steps, found[1].steps)
    other = score(envs, model, Look("mirror", mirror.show), by_codes, SEED)
    assert not torch.equal(found[0].codes[:4], other.codes[:4]), "another V, of another picture"


def test_at_random_every_action_is_as_likely() -> None:
    """Every share of a score is counted from that of a random player."""
    choose = at_random(6, 0)
    counts = torch.bincount(choose(torch.zeros(6000, 1)), minlength=6)
    assert len(counts) == 6
    assert (counts - 1000).abs().max() < 150  # five standard deviations
    assert not torch.equal(choose(torch.zeros(100, 1)), choose(torch.zeros(100, 1)))
    other = at_random(6, 1)(torch.zeros(6000, 1))
    assert not torch.equal(at_random(6, 0)(torch.zeros(6000, 1)), other), "another seed"


def test_chance_is_the_same_twice(envs, model) -> None:
    found = [score(envs, model, Look("original"), at_random(6, 0), SEED) for _ in range(2)]
    assert np.array_equal(found[0].points, found[1].points)
    assert torch.equal(found[0].codes, found[1].codes)


def test_a_linear_map_is_found_from_pairs(module) -> None:
    rng = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(6, 6, generator=rng), torch.randn(6, generator=rng)
    source = torch.randn(500, 6, generator=rng)
    mapped = fit(module.vision("mirror"), source, source @ weight + bias)
    assert torch.allclose(mapped.weight, weight, atol=0.02)
    assert torch.allclose(mapped.bias, bias, atol=0.02)
    frames = torch.randint(256, (5, 512), generator=rng).to(torch.uint8)
    vision = module.vision("mirror")
    plain, spread = vision.encode(vision.unpack(frames))
    mean, kept = mapped.encode(mapped.unpack(frames))
    assert torch.allclose(mean, plain @ mapped.weight + mapped.bias)
    assert torch.equal(kept, spread)
    small = fit(vision, source / 1000, source @ weight + bias)
    assert torch.allclose(small.weight / 1000, mapped.weight, rtol=1e-3), "in whatever unit"
    few = fit(vision, source[:3], source[:3] @ weight)
    assert few.weight.isfinite().all()


def test_codes_that_are_all_the_same_are_mapped_to_the_mean(module) -> None:
    """A V of the smoke profile may give the same code to ten frames: there was nothing to solve."""
    rng = torch.Generator().manual_seed(0)
    for _ in range(50):  # the mean of equal numbers may differ from them in its last bit
        same = torch.randn(64, generator=rng).expand(10, -1)
        target = torch.randn(10, 64, generator=rng)
        mapped = fit(module.vision("mirror"), same, target)
        assert torch.equal(mapped.weight, torch.zeros(64, 64))
        assert torch.equal(mapped.bias, target.mean(0))


def watching(seen: list[int]):
    """A monitor that notes what is done."""

    class Noting:
        total, done = 0, 0

        def advance(self, amount: int = 1, note: str = "") -> None:
            seen.append(amount)

    @contextmanager
    def monitor(label, total, unit, *, done=0):
        assert total == 4
        yield Noting()

    return monitor
