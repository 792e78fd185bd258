"""Moves in time: parts of the episodes read some steps earlier or later.

Where actions do not matter, a delay of everything leaves the likelihood of a chain as it was. A
delay of a part that seldom meets the rest lowers it only where the two meet. So
expectation-maximisation settles with some parts late or early, and no small step leads from there
to the truth.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from math import floor

import torch
from torch import Tensor

from mwm.decipherment.candidates import Candidate, distinct
from mwm.decipherment.chain import Observations
from mwm.decipherment.level import Level
from mwm.decipherment.relaxation import relax, relax_all, relax_one
from mwm.decipherment.symbols import first
from mwm.decipherment.worker import ALONE, Workers

PARTS = 2  # slowest functions of the other world; the sign of each divides the frames in two parts
STEPS = (-1.33, -0.67, 0.67, 1.33)  # delays of a part; fractions, since games move between steps
SMALL = (-0.5, 0.5)  # the same where the rest is right
WHOLE = (-1.33, -0.67, 0.0, 0.67, 1.33)  # delays of everything
MARGIN = 3  # steps at either end of a sequence that no delay uses
TRIED, POLISHED = 12_000, 60_000  # frames on which delays are ranked, and the best are learned
FINALISTS, NUDGES = 3, 2  # delays that are learned, of `shift_parts` and of `nudge_parts`
CANDIDATES = 2  # that `shift_parts` keeps
ROUNDS = 6  # of `shift_parts`, at most
GAIN = 1e-3  # least gain in score, in nats per step, after which it tries another round


def shift_parts(level: Level, emissions: Tensor, workers: Workers = ALONE) -> Tensor:
    """Delay everything or a part of the first candidate, as long as that raises the score by GAIN.

    Several candidates, since a level tells apart only what its states do; a finer one may choose.

    Returns:
        emissions (r, k, m) of at most CANDIDATES that differ, best first.
    """
    observed = level.training(POLISHED)
    candidates = [relax_one(level, observed, 12, 4, emissions[:1])]
    for _ in range(ROUNDS):
        best = candidates[0]
        moved = _delayed(level, best.emissions, WHOLE, STEPS, workers)[:FINALISTS]
        candidates += relax_all(level, moved, observed, 8, 4, workers)
        candidates.sort(key=lambda one: -one.score)
        candidates = distinct(level, candidates, CANDIDATES)
        if candidates[0].score < best.score + GAIN:
            break
    return torch.cat([one.emissions for one in candidates])


def nudge_parts(
    level: Level, emissions: Tensor, workers: Workers = ALONE, *, frames: int
) -> Tensor:
    """Add, to emissions (1, k, m), the best of those with a part delayed by a fraction of a step.

    With a thousand states the likelihood shows such fractions; with half as many it prefers some.
    """
    moved = _delayed(level, emissions, (), SMALL, workers)[:NUDGES]
    relaxed = relax_all(level, moved, level.training(frames), 8, 5, workers)
    return torch.cat([emissions, max(relaxed, key=lambda one: one.score).emissions])


def _delayed(
    level: Level,
    emissions: Tensor,
    whole: Iterable[float],
    steps: Iterable[float],
    workers: Workers,
) -> list[Tensor]:
    """Emissions for each of `_delays` after a few iterations, best first."""
    delays = list(_delays(level, emissions, whole, steps))
    tried = workers.map(partial(_tried, level, level.training(TRIED)), delays)
    return [one.emissions for one in sorted(tried, key=lambda one: -one.score)]


def _tried(level: Level, observed: Observations, delay: tuple[Tensor, Tensor]) -> Candidate:
    emissions = relax(level, level.smooth(*delay), observed, 4, 2)
    return Candidate(level.score(emissions, TRIED)[0], emissions)


def _delays(
    level: Level, emissions: Tensor, whole: Iterable[float], steps: Iterable[float]
) -> Iterator[tuple[Tensor, Tensor]]:
    """The functions that emissions (1, k, m) expect, with everything or a part delayed.

    As arguments of `Level.smooth`.
    """
    sequences = first(level.symbols.sequences, POLISHED)
    expected = level.expect(emissions, level.states.functions, sequences)
    sequences = sequences[:, MARGIN:-MARGIN]
    now = _shifted(expected, 0.0)
    functions = level.symbols.functions[:, :PARTS]
    standard = functions[sequences] / functions[level.symbols.at].std(0)
    parts = [torch.sigmoid(8 * sign * standard[..., [i]]) for i in range(PARTS) for sign in (1, -1)]
    for part, delays in [(torch.ones(1), whole), *[(part, steps) for part in parts]]:
        for step in delays:
            target = now + part * (_shifted(expected, step) - now)
            yield target.flatten(0, 1), sequences.flatten()


def _shifted(expected: Tensor, step: float) -> Tensor:
    """(s, l, f) `step` steps later, without the margins; between steps by interpolation."""
    whole = floor(step)
    part = step - whole
    at = torch.arange(MARGIN, expected.shape[1] - MARGIN) + whole
    return (1 - part) * expected[:, at] + part * expected[:, at + 1]
