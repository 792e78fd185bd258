"""Search for the emissions of a group of functions, level by level, by likelihood alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from mwm.decipherment.candidates import Candidate, distinct
from mwm.decipherment.level import Level, own_score
from mwm.decipherment.moves import restart
from mwm.decipherment.plan import Plan
from mwm.decipherment.sources import Hints
from mwm.decipherment.task import Check, Group, Step
from mwm.decipherment.worker import ALONE, Workers


class Searched(NamedTuple):
    """What the search of one level ends with.

    Attributes:
        emissions: (r, k, m), of the candidates that go on.
        scores: `Level.score` of all candidates, best first, rounded.
    """

    emissions: Tensor
    scores: list[float]


TRIES = 4  # of the levels that a check judges
Resume = Callable[[str, Callable[[], Searched]], Searched]


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        level: the finest.
        emissions: (r, k, m), the best of that level first.
        scores: of each level so far, `Searched.scores`.
        share: of the score that the original has as its own cipher, at the level judged last.
        enough: the share that was asked for there; 0 if no level was judged.
    """

    level: Level
    emissions: Tensor
    scores: list[list[float]]
    share: float = 1.0
    enough: float = 0.0

    @property
    def score(self) -> float:
        """Of the best emissions."""
        return self.scores[-1][0]


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
    checks = [*group.checks]
    if not checks or checks[-1].levels < len(group.steps):
        checks.append(Check(len(group.steps), enough=0.0))
    return _Search(group, seed, advance, resume, workers).best(checks, seed)


class _Search:
    """The search of one group; arguments as of `search`."""

    def __init__(
        self,
        group: Group,
        seed: int,
        advance: Callable[[], object],
        resume: Resume,
        workers: Workers,
    ) -> None:
        self._group, self._seed, self._advance = group, seed, advance
        self._resume, self._workers = resume, workers
        self._own: dict[int, float] = {}  # the original's own score at levels that were judged
        self._reached = 0

    def best(self, checks: Sequence[Check], seed: int) -> Found:
        """The first of some tries that passes the last of the checks, or the most likely of all."""
        *before, check = checks
        best = self._judged(before, check, seed)
        for number in range(1, TRIES):
            if best.share >= check.enough:
                break
            one = self._judged(before, check, seed + number * TRIES ** len(before))
            best = max(best, one, key=lambda found: found.score)
        return best

    def _judged(self, before: Sequence[Check], check: Check, seed: int) -> Found:
        found = self._search(before, check.levels, seed)
        if not check.enough:
            return found
        own = self._own_score(check.levels - 1)
        share = found.score / own if own > 0 else 1.0  # nothing to expect in so short a play
        return replace(found, share=share, enough=check.enough)

    def _search(self, checks: Sequence[Check], levels: int, seed: int) -> Found:
        """The best that passes the checks, if there are any, and the levels below."""
        found = self.best(checks, seed) if checks else None
        for number in range(checks[-1].levels if checks else 0, levels):
            found = self._descend(number, found, seed)
            if number == self._reached:  # for the first time
                self._reached += 1
                self._advance()
        if found is None:
            raise ValueError(f"group {self._group.name}: expected levels, found none")
        return found

    def _descend(self, number: int, found: Found | None, seed: int) -> Found:
        """One level, from what the level before it found."""
        group, step = self._group, self._group.steps[number]
        level = Level(step.scale, step.original, group.other, seed, self._hints(step))
        search_level = partial(
            _search_level, step.plan, level, found, group.restarts, seed, self._workers
        )
        searched = self._resume(f"{group.name}-{number}-{seed}", search_level)
        if found is None:
            return Found(level, searched.emissions, [searched.scores])
        scores = [*found.scores, searched.scores]
        return replace(found, level=level, emissions=searched.emissions, scores=scores)

    def _own_score(self, number: int) -> float:
        """Of the original as its own cipher, at a level."""
        if number not in self._own:
            step = self._group.steps[number]
            own = own_score(step.scale, step.original, self._seed, self._hints(step))
            self._own[number] = own
        return self._own[number]

    def _hints(self, step: Step) -> Hints | None:
        return self._group.hints() if self._group.hints and step.plan.hinted else None


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
