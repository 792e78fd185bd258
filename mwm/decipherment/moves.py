"""Moves that start a level or settle it: random restarts, smoothing, what a coarser level found.

A move takes emissions (r, k, m) of several candidates to others, most likely first.
"""

from functools import partial
from itertools import product

import torch
from torch import Tensor

from mwm.decipherment.learning import learn
from mwm.decipherment.level import Level
from mwm.decipherment.symbols import first
from mwm.decipherment.worker import Workers

COLD, ANNEAL = 0.2, 25  # sharpness at which random emissions start, and iterations until it is 1
WARM, SETTLE = 0.5, 10  # the same for emissions that are about right
SEVERAL, ONE = 20_000, 60_000  # frames from which several candidates are learned, and one
CARRIED = 60_000  # steps of the coarser chain from which emissions are carried over
SHARPENED = (4, 2)  # iterations on all frames, of a level and of the next one, which inherits
REVERSED = 4  # leading functions whose signs may be wrong
TRIED = 12_000  # frames on which reversed signs are ranked
FINALISTS = 3  # of them are settled


def restart(level: Level, restarts: int, seed: int) -> Tensor:
    """Learn random emissions; the more likely third of them."""
    k, m = level.states.count, level.symbols.count
    rng = torch.Generator().manual_seed(seed)
    emissions = torch.rand(restarts, k, m, generator=rng) + 0.5
    emissions = emissions / emissions.sum(2, keepdim=True)
    emissions, _ = level.learn(emissions, level.training(SEVERAL), _ramp(COLD, ANNEAL))
    return emissions[: max(1, restarts // 3)]


def carry(coarse: Level, emissions: Tensor, level: Level, workers: Workers) -> Tensor:
    """Emissions of `level` by a smooth fit to the functions that those of `coarse` expect."""
    return _fit(coarse, emissions, level, first(coarse.symbols.sequences, CARRIED))


def inherit(coarse: Level, emissions: Tensor, level: Level, workers: Workers) -> Tensor:
    """Emissions of `level` by the states that those of `coarse` infer, each learned on all frames.

    Not by a fit, which would blur what is known by now.
    """
    return torch.cat(workers.map(partial(_inherit, coarse, level), torch.split(emissions, 1)))


def _inherit(coarse: Level, level: Level, emissions: Tensor) -> Tensor:
    before, after = SHARPENED
    emissions, _ = learn(coarse.states.chain, emissions, coarse.training(), [1.0] * before)
    emissions = level.inherit(coarse, emissions)
    return learn(level.states.chain, emissions, level.training(), [1.0] * after)[0]


def settle(level: Level, emissions: Tensor, workers: Workers, *, smoothings: int) -> Tensor:
    """Learn, then smooth and learn in turn."""
    observed = level.training(SEVERAL if len(emissions) > 1 else ONE)
    emissions, _ = level.learn(emissions, observed, _ramp(WARM, SETTLE))
    sequences = level.symbols.sequences[: len(observed.symbols)]
    for _ in range(smoothings):
        emissions = _fit(level, emissions, level, sequences)
        emissions, _ = level.learn(emissions, observed, _ramp(WARM, SETTLE))
    return emissions


def reverse_best(level: Level, emissions: Tensor, workers: Workers) -> Tensor:
    """Add, to all candidates, the best of them with signs reversed."""
    best = int(torch.tensor(level.score(emissions)).argmax())
    others = settle(level, reverse(level, emissions[[best]]), workers, smoothings=2)
    return torch.cat([emissions, others])


def reverse(level: Level, emissions: Tensor) -> Tensor:
    """Reverse the signs of some leading functions that emissions (1, k, m) expect.

    A function with its sign reversed may be nearly as likely, and no small step leads back.

    Returns:
        the FINALISTS most likely, each with other signs.
    """
    observed = level.training(TRIED)
    sequences = level.symbols.sequences[: len(observed.symbols)]
    expected = level.expect(emissions, level.states.functions, sequences)
    half = expected.shape[2] // 2  # a state has each function twice: now and `gap` frames before
    count = min(REVERSED, half)
    tried = []
    for signs in list(product((1.0, -1.0), repeat=count))[1:]:
        sign = torch.tensor([*signs, *[1.0] * (half - count)]).repeat(2)
        one = level.smooth((expected * sign).flatten(0, 1), sequences.flatten())
        tried.append(level.learn(one, observed, [1.0] * 6))
    tried.sort(key=lambda pair: -float(pair[1][0]))
    return torch.cat([one for one, _ in tried[:FINALISTS]])


def _fit(source: Level, emissions: Tensor, target: Level, sequences: Tensor) -> Tensor:
    """Smooth emissions of `target` for what those of `source` expect in `sequences`."""
    return torch.cat(
        [
            target.smooth(
                source.expect(one[None], target.states.functions, sequences).flatten(0, 1),
                sequences.flatten(),
            )
            for one in emissions
        ]
    )


def _ramp(start: float, iterations: int) -> list[float]:
    """Sharpness from `start` to 1."""
    return [start + (1 - start) * i / max(1, iterations - 1) for i in range(iterations)]
