"""Delays and reversals: what a search cannot undo by small steps."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mwm.decipherment import delays
from mwm.decipherment.clusters import nearest
from mwm.decipherment.delays import nudge_parts, shift_parts
from mwm.decipherment.learning import learn, normalise
from mwm.decipherment.level import Level
from mwm.decipherment.moves import reverse
from mwm.decipherment.relaxation import spread
from mwm.decipherment.sources import Original, Other, Scale
from mwm.models.codes import Codes

STEPS, EPISODES, LAP = 300, 12, 40


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Level:
    """A point that runs around one of two rings, changing over at times: read as its own cipher."""
    for name, less in (("TRIED", 2000), ("PARTS", 1), ("ROUNDS", 1), ("FINALISTS", 1)):
        monkeypatch.setattr(delays, name, less)
    monkeypatch.setattr(delays, "STEPS", (-2.0, 2.0))
    monkeypatch.setattr(delays, "WHOLE", (0.0,))
    rng = np.random.default_rng(0)
    place, side, seen = 0, 0, []
    for _ in range(STEPS * EPISODES):
        place = (place + 1) % LAP
        if place == 0:
            side = int(rng.integers(2))
        angle = 2 * np.pi * place / LAP
        radius = 1.0 if side else 0.5
        seen.append([3.0 * side, radius * np.cos(angle), radius * np.sin(angle)])
    z = torch.tensor(np.array(seen)).float() + 0.02 * torch.randn(
        len(seen), 3, generator=torch.Generator().manual_seed(0)
    )
    starts = np.arange(0, len(z), STEPS)
    codes = Codes(
        np.arange(len(z)),
        z,
        torch.arange(3),
        torch.zeros(3),
        torch.ones(3),
        torch.zeros(len(z), dtype=torch.int64),
        np.stack([starts, starts + STEPS], 1),
        torch.ones(3),
        torch.ones(len(z)),
    )
    centred = z - z.mean(0)
    original = Original(codes, centred, centred, gap=1, actions=0)
    return Level(Scale(80, 80, 3, 3), original, Other(codes, centred), seed=0)


def by_count(level: Level, late: Tensor) -> Tensor:
    """Emissions counted from the true states, those of some frames `late` steps late."""
    at = level.states.at[5:]
    states, symbols = level.states.of[at - late[at]], level.symbols.of[at]
    k, m = level.states.count, level.symbols.count
    counts = torch.bincount(states * m + symbols, minlength=k * m)
    emissions = counts.view(k, m) + 1e-3
    return (emissions / emissions.sum(1, keepdim=True))[None]


def off(level: Level, emissions: Tensor) -> float:
    """Median distance of the state that is read from the true one."""
    sequences = level.symbols.sequences
    read = level.expect(emissions, level.states.functions[:, 1:3], sequences)
    return float((read - level.states.functions[sequences][..., 1:3]).norm(dim=2).median())


def test_half_of_the_play_that_is_late_is_put_right(ring: Level) -> None:
    """vswap had settled with the rallies of one half of the field two steps late, and stayed so."""
    side = ring.symbols.functions[:, 0] > 0
    late = by_count(ring, 2 * side.long())
    observed = ring.training(10_000)
    stuck, _ = learn(ring.states.chain, late, observed, [1.0] * 20)
    assert off(ring, stuck) > 0.1
    improved = shift_parts(ring, stuck)[:1]
    assert off(ring, improved) < 0.05
    assert ring.score(improved)[0] > ring.score(stuck)[0]


def test_a_nudge_puts_a_part_right_and_keeps_what_was(
    ring: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 1000 states the ball of the upper half came a fraction of a step late."""
    monkeypatch.setattr(delays, "SMALL", (-1.0, 1.0))
    side = ring.symbols.functions[:, 0] > 0
    observed = ring.training(10_000)
    stuck, _ = learn(ring.states.chain, by_count(ring, side.long()), observed, [1.0] * 20)
    kept, moved = torch.split(nudge_parts(ring, stuck, frames=10_000), 1)
    assert torch.equal(kept, stuck)
    assert off(ring, moved) < 0.5 * off(ring, stuck)
    assert ring.score(moved)[0] > ring.score(stuck)[0]


def test_what_is_right_stays(ring: Level) -> None:
    right = by_count(ring, torch.zeros(len(ring.states.of), dtype=torch.int64))
    assert off(ring, shift_parts(ring, right)[:1]) < 0.08  # a state is 0.12 wide


@pytest.mark.slow
def test_the_delays_end_with_a_round_that_gains_little(
    ring: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of six rounds in Pong, four minutes, the last four gained nothing."""
    rounds, tried = [], delays._delayed
    monkeypatch.setattr(delays, "_delayed", lambda *a: rounds.append(1) or tried(*a))
    monkeypatch.setattr(delays, "ROUNDS", 3)
    shift_parts(ring, by_count(ring, torch.zeros(len(ring.states.of), dtype=torch.int64)))
    assert len(rounds) < delays.ROUNDS


def test_a_function_upside_down_is_reversed(ring: Level) -> None:
    """With seed 1 nearly all starts had found the agent's bat upside down."""
    reflected = ring.states.functions * torch.tensor([1.0, 1.0, -1.0]).repeat(2)
    centres = ring.states.means(ring.states.functions)
    states = nearest(reflected, centres)
    counts = torch.bincount(80 * states + ring.symbols.of, minlength=80 * 80)
    wrong = normalise(counts.view(1, 80, 80).float())
    assert off(ring, wrong) > 0.5
    observed = ring.training(10_000)
    stuck, _ = learn(ring.states.chain, wrong, observed, [1.0] * 20)
    assert off(ring, stuck) > 0.5
    righted, _ = learn(ring.states.chain, reverse(ring, wrong), observed, [1.0] * 20)
    assert off(ring, righted) < 0.15
    assert ring.score(righted)[0] > ring.score(stuck)[0]


def test_spread_emissions_are_those_of_steps_before_and_after(ring: Level) -> None:
    right = by_count(ring, torch.zeros(len(ring.states.of), dtype=torch.int64))
    wide = spread(ring.states.chain, right, 0.5)
    onwards = ring.states.chain.transitions.mean(0)
    joint = ring.states.chain.start[:, None] * onwards
    backwards = (joint / joint.sum(0)).T
    torch.testing.assert_close(wide, 0.5 * right + 0.25 * (onwards + backwards) @ right)
    torch.testing.assert_close(wide.sum(2), torch.ones(1, ring.states.count), atol=1e-4, rtol=0)
    assert (wide > 0.05).sum() > (right > 0.05).sum()
