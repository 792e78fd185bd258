"""From random emissions to fine ones: restarts, smoothing, and one level after another."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mwm.decipherment.chain import infer, learn
from mwm.decipherment.codes import Codes
from mwm.decipherment.level import Level, Scale

COLD, ANNEAL = 0.2, 25  # sharpness at which random emissions start, and iterations until it is 1
WARM, SETTLE = 0.5, 10  # the same for emissions that are about right
SMOOTHINGS = 5  # of the coarsest level; each next one gets half, at least two
DELAYED_FROM = 2  # the level at which delays are tried first: coarser ones cannot tell them
CARRIED = (6, 2)  # candidates that go on from the first levels; from later ones the best
HELD_OUT = 0.1  # share of the sequences that no iteration sees
DELAYS = (0, -1, 1, -2, 2)  # steps by which a carried candidate is moved in time, as further ones
SEARCHED, SETTLED = 20_000, 60_000  # steps of the game that restarts and that later levels see


@dataclass(frozen=True)
class Found:
    """What a search found in one group of functions.

    Attributes:
        level: the finest.
        emissions: (r, k, m), the best one, or those that go on to the next level.
        scores: per level, log-likelihood of held-out symbols per step beyond that of their
            frequencies, in nats, best candidate first.
    """

    level: Level
    emissions: Tensor
    scores: list[list[float]]


@dataclass(frozen=True)
class Group:
    """Functions of both worlds that belong together: those that actions decide, or the slow ones.

    Attributes:
        name: for messages.
        states_from: per level, functions of the original's frames (n, f).
        symbols_from: per level, functions of single frames of the other world (n, f).
        scales: of the levels, coarse to fine.
        gap: frames between the two that make a state.
        actions: whether transitions depend on them.
        restarts: random emissions at the coarsest level.
    """

    name: str
    states_from: Sequence[Tensor]
    symbols_from: Sequence[Tensor]
    scales: Sequence[Scale]
    gap: int
    actions: bool
    restarts: int


def search(group: Group, original: Codes, other: Codes, seed: int) -> Found:
    """The best emissions of the finest level, by likelihood alone."""
    found: Found | None = None
    scores: list[list[float]] = []
    levels = zip(group.scales, group.states_from, group.symbols_from, strict=True)
    for number, (scale, states_from, symbols_from) in enumerate(levels):
        level = Level(
            scale, original, states_from, other, symbols_from, group.gap, group.actions, seed
        )
        if found is None:
            emissions = _restart(level, scale, group.restarts, seed)
        else:
            emissions = _carry(group, number, found, level, seed)
        smoothings = max(2, SMOOTHINGS >> number)
        emissions = _settle(level, scale, emissions, smoothings, seed)
        held_out = torch.tensor(score(level, emissions))
        emissions = emissions[held_out.argsort(descending=True)]
        scores.append([round(float(s), 4) for s in held_out.sort(descending=True).values])
        carried = CARRIED[number] if number < len(CARRIED) else 1
        found = Found(level, emissions[:carried], scores)
    assert found is not None, "a group has levels"
    return Found(found.level, found.emissions[:1], scores)


def score(level: Level, emissions: Tensor) -> list[float]:
    """Held-out log-likelihood per step of each candidate, beyond the symbols' frequencies."""
    symbols, actions = level.text(*_held_out(level))
    used = level.symbols[level.other_at]
    frequency = torch.bincount(used, minlength=level.m).float() + 1
    alone = (frequency / frequency.sum()).log()[symbols].mean()
    likelihood, _ = infer(level.chain, emissions, symbols, actions)
    return [float(x) for x in likelihood - alone]


def _restart(level: Level, scale: Scale, restarts: int, seed: int) -> Tensor:
    """A third of the candidates that start at random, settled."""
    rng = torch.Generator().manual_seed(seed)
    emissions = torch.rand(restarts, level.k, level.m, generator=rng) + 0.5
    emissions = emissions / emissions.sum(2, keepdim=True)
    text = _text(level, scale, SEARCHED)
    emissions, _ = learn(level.chain, emissions, *text, _ramp(COLD, ANNEAL))
    return emissions[: max(1, restarts // 3)]


def _settle(level: Level, scale: Scale, emissions: Tensor, smoothings: int, seed: int) -> Tensor:
    """Smooth and learn in turn; several candidates stay until the last turn."""
    text = _text(level, scale, SEARCHED if len(emissions) > 1 else SETTLED)
    emissions, _ = learn(level.chain, emissions, *text, _ramp(WARM, SETTLE))
    index = level.sequences[: len(text[0])]
    for turn in range(smoothings):
        smoothed = [
            level.smooth(
                level.expect(one[None], level.functions, index).flatten(0, 1),
                index.flatten(),
                seed + turn,
            )
            for one in emissions
        ]
        emissions, _ = learn(level.chain, torch.cat(smoothed), *text, _ramp(WARM, SETTLE))
    return emissions


def _carry(group: Group, number: int, found: Found, level: Level, seed: int) -> Tensor:
    """Emissions of a finer level that say what the coarser level's found, or say it with a delay.

    To delay everything is a symmetry of dynamics without actions, nearly one of what is seen, so
    that a search may settle some steps late or early.
    """
    index = found.level.sequences[: SETTLED // found.level.sequences.shape[1]]
    candidates = []
    for one in found.emissions:
        expected = found.level.expect(one[None], level.functions, index)
        for delay in DELAYS if not group.actions and number >= DELAYED_FROM else (0,):
            late, early = max(delay, 0), max(-delay, 0)
            last = index.shape[1]
            states = expected[:, late : last - early].flatten(0, 1)
            frames = index[:, early : last - late].flatten()
            candidates.append(level.smooth(states, frames, seed))
    return torch.cat(candidates)


def _ramp(first: float, iterations: int) -> list[float]:
    """Sharpness from `first` to 1."""
    return [first + (1 - first) * i / max(1, iterations - 1) for i in range(iterations)]


def _text(level: Level, scale: Scale, steps: int) -> tuple[Tensor, Tensor]:
    """Symbols and actions of training sequences that span at most `steps` steps of the game."""
    count = max(1, steps // (level.sequences.shape[1] * scale.stride))
    return level.text(0, min(count, _held_out(level)[0]))


def _held_out(level: Level) -> tuple[int, int]:
    count = len(level.sequences)
    return count - max(1, round(HELD_OUT * count)), count
