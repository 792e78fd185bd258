"""From random emissions to fine ones: restarts, smoothing, and one level after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor

from mwm.decipherment.beside import Beside, each
from mwm.decipherment.chain import learn
from mwm.decipherment.codes import Codes
from mwm.decipherment.delays import distinct, improve, nudge, relax, reverse
from mwm.decipherment.level import Hints, Level, Scale

COLD, ANNEAL = 0.2, 25  # sharpness at which random emissions start, and iterations until it is 1
WARM, SETTLE = 0.5, 10  # the same for emissions that are about right
SMOOTHINGS = 5  # of the coarsest level; each next one gets half, at least two
CARRIED = {5: 6, 4: 2, 2: 2}  # candidates that go on, by the levels still to come; else 1
SEARCHED, SETTLED = 20_000, 60_000  # steps of the game that restarts and that later levels see
HINTED_AT = 1  # levels still to come from which on hints tell; at coarser ones they mislead
IMPROVED_AT, NUDGED_AT = 2, 1  # levels still to come when delays are tried, and small ones
NUDGED = 90_000  # steps that the latter see; of 30,000 a part that seldom meets the rest is too few
SHARPENED = (4, 2)  # iterations over all steps, of the level before the finest and of the finest

Judged = tuple[Tensor, list[float]]  # emissions (r, k, m), and scores of all candidates, best first
Search = Callable[[], Judged]
Remember = Callable[[str, Search], Judged]


@dataclass(frozen=True)
class Found:
    """What a search found in one group of functions.

    Attributes:
        level: the finest.
        emissions: (r, k, m), the best one, or those that go on to the next level.
        scores: per level, `Level.score` of its candidates, best first.
    """

    level: Level
    emissions: Tensor
    scores: list[list[float]]


@dataclass(frozen=True)
class Group:
    """Functions of both worlds that belong together: those that actions decide, or the slow ones.

    Attributes:
        name: by which what was found is told.
        states_from: per level, functions of the original's frames (n, f).
        views_from: functions of single frames of the original (n, f), and
        symbols_from: of the other world.
        scales: of the levels, coarse to fine.
        gap: frames between the two that make a state.
        actions: whether transitions depend on them.
        restarts: random emissions at the coarsest level.
        hints: that come with the frames; called where they are first of use.
    """

    name: str
    states_from: Sequence[Tensor]
    views_from: Tensor
    symbols_from: Tensor
    scales: Sequence[Scale]
    gap: int
    actions: bool
    restarts: int
    hints: Callable[[], Hints] | None = None


def at_once(name: str, search: Search) -> Judged:
    """Search, and remember nothing."""
    return search()


def search(
    group: Group,
    original: Codes,
    other: Codes,
    seed: int,
    advance: Callable[[], object] = lambda: None,
    remember: Remember = at_once,
    threads: int = 1,
    beside: Beside = cache,
) -> Found:
    """The best emissions of the finest level, by likelihood alone.

    `remember` calls the search of a level, or tells what that found before an interruption;
    `beside` tries every other move, and `threads` infer states where no moves are tried.
    """
    found: Found | None = None
    scores: list[list[float]] = []
    for number, (scale, states_from) in enumerate(
        zip(group.scales, group.states_from, strict=True)
    ):
        left = len(group.scales) - 1 - number
        level = Level(
            scale,
            original,
            states_from,
            group.views_from,
            other,
            group.symbols_from,
            group.gap,
            group.actions,
            seed,
            group.hints() if group.hints and left <= HINTED_AT else None,
            threads,
        )
        search_level = partial(_search_level, group, number, level, found, seed, beside)
        emissions, held_out = remember(f"{group.name}-{number}", search_level)
        scores.append(held_out)
        found = Found(level, emissions, scores)
        advance()
    assert found is not None, "a group has levels"
    return Found(found.level, found.emissions[:1], scores)


def _search_level(
    group: Group, number: int, level: Level, found: Found | None, seed: int, beside: Beside
) -> Judged:
    """Emissions of a level that go on to the next, from those of the level before; and scores."""
    left = len(group.scales) - 1 - number
    if found is None:
        emissions = _settle(level, _restart(level, group.restarts, seed), SMOOTHINGS)
        best = int(torch.tensor(level.score(emissions)).argmax())
        others = _settle(level, reverse(level, emissions[[best]]), 2)
        emissions = torch.cat([emissions, others])
    elif group.actions or left > NUDGED_AT:
        emissions = _settle(level, _carry(found, level), max(2, SMOOTHINGS >> number))
    elif left == NUDGED_AT:
        text = level.training(NUDGED)
        relaxing = partial(relax, level.alone(), text=text, iterations=8, settle=5)
        carried = torch.split(_carry(found, level), 1)
        relaxed = [one for one, _ in each(relaxing, carried, beside)]
        best_relaxed = max(relaxed, key=lambda one: level.score(one)[0])
        emissions = nudge(level, best_relaxed, text, beside)
    else:
        emissions = torch.cat(
            [_refine(found, one, level) for one in torch.split(found.emissions, 1)]
        )
    if left == IMPROVED_AT and not group.actions:
        emissions = improve(level, emissions[:1], beside)
    held_out = torch.tensor(level.score(emissions))
    best_first = emissions[held_out.argsort(descending=True)]
    scores = [round(float(s), 4) for s in held_out.sort(descending=True).values]
    if left == NUDGED_AT and not group.actions:
        return best_first, scores  # however little they differ: the finest level tells them apart
    return torch.cat(distinct(level, torch.split(best_first, 1), CARRIED.get(left, 1))), scores


def _restart(level: Level, restarts: int, seed: int) -> Tensor:
    """A third of the candidates that start at random, settled."""
    rng = torch.Generator().manual_seed(seed)
    emissions = torch.rand(restarts, level.k, level.m, generator=rng) + 0.5
    emissions = emissions / emissions.sum(2, keepdim=True)
    emissions, _ = level.learn(emissions, level.training(SEARCHED), _ramp(COLD, ANNEAL))
    return emissions[: max(1, restarts // 3)]


def _settle(level: Level, emissions: Tensor, smoothings: int) -> Tensor:
    """Smooth and learn in turn; several candidates stay until the last turn."""
    text = level.training(SEARCHED if len(emissions) > 1 else SETTLED)
    emissions, _ = level.learn(emissions, text, _ramp(WARM, SETTLE))
    index = level.sequences[: len(text[0])]
    for _ in range(smoothings):
        smoothed = _restate(level, emissions, level, index)
        emissions, _ = level.learn(smoothed, text, _ramp(WARM, SETTLE))
    return emissions


def _carry(found: Found, level: Level) -> Tensor:
    """Emissions of `level` that say what those of the level before do, by a smooth fit."""
    index = found.level.sequences[: SETTLED // found.level.sequences.shape[1]]
    return _restate(found.level, found.emissions, level, index)


def _refine(found: Found, emissions: Tensor, level: Level) -> Tensor:
    """The same of (1, k, m) without a fit, which would blur what is known by now; of all steps."""
    text = found.level.training()
    coarse, _ = learn(found.level.chain, emissions, *text, [1.0] * SHARPENED[0])
    emissions = level.inherit(found.level, coarse)
    return learn(level.chain, emissions, *level.training(), [1.0] * SHARPENED[1])[0]


def _restate(source: Level, emissions: Tensor, target: Level, index: Tensor) -> Tensor:
    """Smooth emissions of `target` that say what those of `source` do, in the sequences `index`."""
    return torch.cat(
        [
            target.smooth(
                source.expect(one[None], target.functions, index).flatten(0, 1),
                index.flatten(),
            )
            for one in emissions
        ]
    )


def _ramp(first: float, iterations: int) -> list[float]:
    """Sharpness from `first` to 1."""
    return [first + (1 - first) * i / max(1, iterations - 1) for i in range(iterations)]
