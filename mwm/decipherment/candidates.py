"""Candidates, ranked by score, and those among them that differ."""

from collections.abc import Iterable
from typing import NamedTuple

from torch import Tensor

from mwm.decipherment.level import Level
from mwm.decipherment.symbols import first

SAME = 0.01  # share of the functions' variance; candidates whose functions differ by less are alike
COMPARED = 12_000  # steps of the chain in which candidates are compared


class Candidate(NamedTuple):
    """Emissions (1, k, m) and their `Level.score`."""

    score: float
    emissions: Tensor


def distinct(level: Level, candidates: Iterable[Candidate], count: int) -> list[Candidate]:
    """The first `count` candidates that expect other functions than each one before."""
    sequences = first(level.symbols.sequences, COMPARED)
    kept: list[tuple[Tensor, Candidate]] = []
    for candidate in candidates:
        if len(kept) == count:
            break
        functions = level.expect(candidate.emissions, level.states.functions, sequences)
        limit = SAME * functions.var((0, 1)).sum()
        if all((functions - f).square().mean((0, 1)).sum() > limit for f, _ in kept):
            kept.append((functions, candidate))
    return [candidate for _, candidate in kept]
