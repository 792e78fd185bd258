"""Relaxation: learn while emissions are spread in time, less and less, to remove small delays."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from mwm.decipherment.candidates import Candidate
from mwm.decipherment.chain import Chain, Observations
from mwm.decipherment.level import Level
from mwm.decipherment.worker import Workers

SPREAD, PASSES = 0.67, 4  # share and times that emissions are spread at first


def relax_best(level: Level, emissions: Tensor, workers: Workers, *, frames: int) -> Tensor:
    """Relax all candidates on `frames` frames; the best of them."""
    candidates = torch.split(emissions, 1)
    relaxed = relax_all(level, candidates, level.training(frames), 8, 5, workers)
    return max(relaxed, key=lambda one: one.score).emissions


def relax_all(
    level: Level,
    candidates: Sequence[Tensor],
    observed: Observations,
    iterations: int,
    settle: int,
    workers: Workers,
) -> list[Candidate]:
    """`relax` each of the candidates, (1, k, m), and score it."""
    return workers.map(partial(relax_one, level, observed, iterations, settle), candidates)


def relax_one(
    level: Level, observed: Observations, iterations: int, settle: int, emissions: Tensor
) -> Candidate:
    """`relax` emissions (1, k, m), and score them."""
    emissions = relax(level, emissions, observed, iterations, settle)
    return Candidate(level.score(emissions)[0], emissions)


def relax(
    level: Level, emissions: Tensor, observed: Observations, iterations: int, settle: int
) -> Tensor:
    """One iteration for each degree of spreading, and `settle` without, of emissions (1, k, m)."""
    for i in range(iterations):
        for _ in range(PASSES):
            emissions = spread(level.states.chain, emissions, SPREAD * (1 - i / iterations))
        emissions, _ = level.learn(emissions, observed, [1.0])
    return level.learn(emissions, observed, [1.0] * settle)[0]


def spread(chain: Chain, emissions: Tensor, share: float) -> Tensor:
    """Emissions (r, k, m) in which `share` of each state's is of the steps before and after it."""
    by_symbol = emissions.transpose(1, 2)  # (r, m, k)
    after = chain.overall.backward(by_symbol)
    before = chain.overall.forward(chain.start * by_symbol) / chain.overall.forward(chain.start)
    neighbours = 0.5 * (after + before).transpose(1, 2)
    return (1 - share) * emissions + share * neighbours
