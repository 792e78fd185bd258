"""One resolution of a search: what breaks the symmetry of delays."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mwm.decipherment import chain
from mwm.decipherment.codes import Codes
from mwm.decipherment.level import DOUBT, MILD, Hints, Level, Scale

STEPS, EPISODES = 300, 20


@pytest.fixture(scope="module")
def flight() -> Codes:
    """A ball that flies to and fro, now and then turned by chance."""
    rng = np.random.default_rng(0)
    x, speed, seen = 0.3, 0.03, []
    for _ in range(STEPS * EPISODES):
        x += speed
        if not 0 < x < 1 or rng.random() < 0.01:
            x, speed = min(1.0, max(0.0, x)), -speed
        seen.append([x, 0.0])
    noise = torch.randn(len(seen), 2, generator=torch.Generator().manual_seed(0))
    z = torch.tensor(seen) + 0.01 * noise
    starts = np.arange(0, len(z), STEPS)
    return Codes(
        np.arange(len(z)),
        z,
        torch.arange(2),
        torch.zeros(2),
        torch.ones(2),
        torch.zeros(len(z), dtype=torch.int64),
        np.stack([starts, starts + STEPS], 1),
    )


def read_as_its_own_cipher(codes: Codes, states: int) -> Level:
    z = codes.z
    scale = Scale(states, states, 1, 1)
    return Level(scale, codes, z, z, codes, z, gap=3, actions=False, seed=0)


@pytest.fixture(scope="module")
def ball(flight: Codes) -> Level:
    return read_as_its_own_cipher(flight, 60)


def late_by(level: Level, steps: int) -> Tensor:
    """Emissions counted from the true states some steps before or after."""
    at = level.original_at[10:-10]
    states, symbols = level.states[at - steps], level.symbols[at]
    counts = torch.bincount(states * level.m + symbols, minlength=level.k * level.m)
    return chain.emitted(counts.view(1, level.k, level.m).float())


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_delay_of_everything_costs_score(ball: Level, steps: int) -> None:
    """vswap had settled half a step early: of free emissions that was as likely as the truth."""
    right, wrong = late_by(ball, 0), late_by(ball, steps)
    symbols, actions = ball.training()
    free = [float(chain.infer(ball.chain, one, symbols, actions)[0]) for one in (right, wrong)]
    tied = [ball.score(one)[0] for one in (right, wrong)]
    assert abs(free[0] - free[1]) < 0.1
    assert tied[0] - tied[1] > 0.3


def test_learned_emissions_are_mixtures_of_what_views_emit(ball: Level) -> None:
    text = ball.training()
    tied, _ = ball.learn(late_by(ball, 0), text, [1.0] * 3)
    free, _ = chain.learn(ball.chain, late_by(ball, 0), *text, [1.0] * 3)
    torch.testing.assert_close(tied.sum(2), torch.ones(1, ball.k), atol=1e-4, rtol=0)
    views = ball.k // 2
    assert torch.linalg.svdvals(tied[0])[views] < 1e-4
    assert torch.linalg.svdvals(free[0])[views] > 0.01


def test_a_finer_level_inherits_what_a_coarser_one_infers(flight: Codes, ball: Level) -> None:
    """Frame by frame: a symbol gets the chances of coarse states, shared among their fine ones."""
    coarse = read_as_its_own_cipher(flight, 20)
    emissions = late_by(coarse, 0)
    at = ball.original_at
    share = np.zeros((coarse.k, ball.k))
    for one, other in zip(coarse.states[at].tolist(), ball.states[at].tolist(), strict=True):
        share[one, other] += 1
    share /= share.sum(1, keepdims=True).clip(1)
    index = ball.sequences[: ball._first_held_out]
    chances = coarse.read(emissions, torch.eye(coarse.k), index).numpy()
    counts = np.zeros((ball.k, ball.m))
    for symbol, chance in zip(ball.symbols[index].flatten(), chances.reshape(-1, 20), strict=True):
        counts[:, int(symbol)] += chance @ share
    expected = chain.emitted(torch.from_numpy(counts)[None].float())
    torch.testing.assert_close(ball.inherit(coarse, emissions), expected, atol=1e-5, rtol=1e-3)


def test_hints_of_a_state_are_counted_in_the_original() -> None:
    z = torch.rand(600, 1, generator=torch.Generator().manual_seed(1))
    none = torch.zeros(600, dtype=torch.int64)
    spans = np.array([[0, 300], [300, 600]])
    codes = Codes(np.arange(600), z, none[:1], torch.zeros(1), torch.ones(1), none, spans)
    hints = Hints((z[:, 0] > 0.5).long(), torch.randint(3, (600,)), 3)
    level = Level(Scale(4, 4, 1, 1), codes, z, z, codes, z, 3, actions=False, seed=0, hints=hints)
    assert level.chain.hints is not None
    for state in range(4):
        at = level.original_at[level.states[level.original_at] == state]
        counted = torch.bincount(hints.original[at], minlength=3) / len(at)
        expected = ((1 - DOUBT) * counted + DOUBT / 3) ** MILD
        torch.testing.assert_close(level.chain.hints[:, state], expected)
    assert torch.equal(level.training()[1], hints.other[level.sequences[: level._first_held_out]])
