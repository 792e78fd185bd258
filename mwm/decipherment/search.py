"""Search for the emissions of a group of functions, level by level, by likelihood alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from mwm.decipherment.candidates import Candidate, distinct
from mwm.decipherment.level import Level, own_score
from mwm.decipherment.moves import restart
from mwm.decipherment.plan import Plan
from mwm.decipherment.sources import Hints, Original, Other, Scale
from mwm.decipherment.worker import ALONE, Workers


class Searched(NamedTuple):
    """What the search of one level ends with.

    Attributes:
        emissions: (r, k, m), of the candidates that go on.
        scores: `Level.score` of all candidates, best first, rounded.
    """

    emissions: Tensor
    scores: list[float]


TRIES = 4  # of the first levels
ENOUGH = 0.9  # share of the original's own score that a try needs; the right one has 0.94 to 1
Resume = Callable[[str, Callable[[], Searched]], Searched]


@dataclass(frozen=True)
class Step:
    """One level of a group: what is tried there, and what the level is made of."""

    plan: Plan
    scale: Scale
    original: Original


@dataclass(frozen=True)
class Group:
    """Functions of both worlds that are searched together.

    Attributes:
        name: of the group, in scores and checkpoints.
        steps: the levels, coarse to fine.
        other: what all levels read of the other world.
        restarts: random emissions at the first level.
        hints: called at the first level that uses hints, and at each later one.
        tried: first levels that are searched anew, from other random emissions, as long as what
            they find is far less likely than the original would be as its own cipher.
    """

    name: str
    steps: Sequence[Step]
    other: Other
    restarts: int
    hints: Callable[[], Hints] | None = None
    tried: int = 0


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        level: the finest.
        emissions: (r, k, m), the best of that level first.
        scores: of each level so far, `Searched.scores`.
    """

    level: Level
    emissions: Tensor
    scores: list[list[float]]


def always(name: str, search: Callable[[], Searched]) -> Searched:
    """A `Resume` that keeps nothing."""
    return search()


def search(
    group: Group,
    seed: int,
    advance: Callable[[], object] = lambda: None,
    resume: Resume = always,
    workers: Workers = ALONE,
) -> Found:
    """The best emissions of the finest level.

    Args:
        group: what is searched.
        seed: of starts and samples.
        advance: called after each level.
        resume: called with the name of each level and its search; returns what the search returns,
            or what it returned before an interruption.
        workers: try moves at the same time.
    """
    found: Found | None = None
    if group.tried:
        last = group.steps[group.tried - 1]
        enough = ENOUGH * own_score(last.scale, last.original, seed)
    for number in range(TRIES if group.tried else 0):
        one = _descend(group, range(group.tried), None, seed + number, resume, workers)
        if found is None or one.scores[-1][0] > found.scores[-1][0]:
            found = one
        if found.scores[-1][0] >= enough:
            break
    for _ in range(group.tried):
        advance()
    for number in range(group.tried, len(group.steps)):
        found = _descend(group, range(number, number + 1), found, seed, resume, workers)
        advance()
    if found is None:
        raise ValueError(f"group {group.name}: expected levels, found none")
    return found


def _descend(
    group: Group,
    levels: range,
    found: Found | None,
    seed: int,
    resume: Resume,
    workers: Workers,
) -> Found:
    """Search some levels in turn, from what the level before them found."""
    for number in levels:
        step = group.steps[number]
        hints = group.hints() if group.hints and step.plan.hinted else None
        level = Level(step.scale, step.original, group.other, seed, hints)
        search_level = partial(
            _search_level, step.plan, level, found, group.restarts, seed, workers
        )
        searched = resume(f"{group.name}-{number}-{seed}", search_level)
        scores = [*(found.scores if found else []), searched.scores]
        found = Found(level, searched.emissions, scores)
    assert found
    return found


def _search_level(
    plan: Plan, level: Level, before: Found | None, restarts: int, seed: int, workers: Workers
) -> Searched:
    if before is None:
        emissions = restart(level, restarts, seed)
    else:
        emissions = plan.begin(before.level, before.emissions, level, workers)
    for move in plan.moves:
        emissions = move(level, emissions, workers)
    held_out = torch.tensor(level.score(emissions))
    order = held_out.argsort(descending=True)
    best_first, scores = torch.split(emissions[order], 1), held_out[order].tolist()
    candidates = [Candidate(*pair) for pair in zip(scores, best_first, strict=True)]
    if plan.kept is not None:
        candidates = distinct(level, candidates, plan.kept)
    return Searched(torch.cat([one.emissions for one in candidates]), [round(s, 4) for s in scores])
