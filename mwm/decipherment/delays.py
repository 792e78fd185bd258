"""Moves that expectation-maximisation never makes: some steps earlier or later, or upside down.

To delay everything is a symmetry of dynamics that no action pins; to delay a part of the play that
seldom meets the rest is nearly one. What is seen breaks it only where parts meet, so that a search
settles with some parts late or early, and no small step leads from there to the truth. So does a
function with its sign reversed.
"""

from collections.abc import Iterable, Iterator
from functools import cache, partial
from itertools import product
from math import floor

import torch
from torch import Tensor

from mwm.decipherment.beside import Beside, each
from mwm.decipherment.chain import Chain
from mwm.decipherment.level import Level

PARTS = 2  # slowest functions of the other world; the sign of each divides the play
STEPS = (-1.33, -0.67, 0.67, 1.33)  # delays of a part; play has phases between steps
SMALL = (-0.5, 0.5)  # the same at a finer level
WHOLE = (-1.33, -0.67, 0.0, 0.67, 1.33)  # delays of everything
REVERSED = 4  # leading functions whose signs may be wrong
MARGIN = 3  # steps at either end of a sequence that no delay uses
TRIED, POLISHED = 12_000, 60_000  # steps of the game on which moves are ranked, and judged
FINALISTS, NUDGES = 3, 2  # of the moves that were tried, those that are polished
CANDIDATES = 2
SAME = 0.01  # share of the functions' variance by which candidates differ if they do
ROUNDS = 6  # at most; they end when no move helps
SPREAD, PASSES = 0.67, 4  # how far emissions are spread along the play at first
Text = tuple[Tensor, Tensor]


def spread(chain: Chain, emissions: Tensor, share: float) -> Tensor:
    """Emissions (r, k, m) in which a state gives `share` to what comes one step before or after."""
    looks = emissions.transpose(1, 2)  # (r, m, k)
    after = chain.overall.backward(looks)
    before = chain.overall.forward(chain.start * looks) / chain.overall.forward(chain.start)
    neighbours = 0.5 * (after + before).transpose(1, 2)
    return (1 - share) * emissions + share * neighbours


def relax(
    level: Level, emissions: Tensor, text: Text, iterations: int, settle: int
) -> tuple[Tensor, Tensor]:
    """Learn while emissions are spread along the play, less and less: small delays level out."""
    for i in range(iterations):
        for _ in range(PASSES):
            emissions = spread(level.chain, emissions, SPREAD * (1 - i / iterations))
        emissions, _ = level.learn(emissions, text, [1.0])
    return level.learn(emissions, text, [1.0] * settle)


def improve(level: Level, emissions: Tensor, beside: Beside = cache) -> Tensor:
    """The best emissions (r, k, m) after moves: at most CANDIDATES that differ, best first.

    Several, since a level tells apart only what its states do; a finer one may choose.
    """
    polished = level.training(POLISHED)
    polishing = partial(relax, level.alone(), text=polished, iterations=8, settle=4)
    score = cache(lambda one: level.score(one)[0])  # of the very tensor
    pool = [relax(level, emissions, polished, 12, 4)[0]]
    for _ in range(ROUNDS):
        best = pool[0]
        moved = _moved(level, best, WHOLE, STEPS, beside)
        pool += [one for one, _ in each(polishing, moved[:FINALISTS], beside)]
        pool = sorted(pool, key=lambda one: -score(one))
        pool = distinct(level, pool, CANDIDATES)
        if pool[0] is best:
            break
    return torch.cat(pool)


def nudge(level: Level, emissions: Tensor, text: Text, beside: Beside = cache) -> Tensor:
    """`emissions` (1, k, m) and the best of those with a part of the play delayed a little.

    Likelihood sees fractions of a step at a thousand states; at half of them it prefers some.
    """
    moved = _moved(level, emissions, (), SMALL, beside)[:NUDGES]
    polishing = partial(relax, level.alone(), text=text, iterations=8, settle=5)
    polished = [one for one, _ in each(polishing, moved, beside)]
    return torch.cat([emissions, max(polished, key=lambda one: level.score(one)[0])])


def reverse(level: Level, emissions: Tensor) -> Tensor:
    """The best (r, k, m) of those that say what emissions (1, k, m) say, but for some signs."""
    text = level.training(TRIED)
    index = level.sequences[: len(text[0])]
    expected = level.expect(emissions, level.functions, index)
    half = expected.shape[2] // 2  # functions now, and the same some frames before
    count = min(REVERSED, half)
    moved = []
    for signs in list(product((1.0, -1.0), repeat=count))[1:]:
        sign = torch.tensor([*signs, *[1.0] * (half - count)]).repeat(2)
        one = level.smooth((expected * sign).flatten(0, 1), index.flatten())
        moved.append(level.learn(one, text, [1.0] * 6))
    moved.sort(key=lambda pair: -float(pair[1][0]))
    return torch.cat([one for one, _ in moved[:FINALISTS]])


def distinct(level: Level, pool: Iterable[Tensor], count: int) -> list[Tensor]:
    """The first `count` of `pool`, each (1, k, m), that do not say the same as one before."""
    index = level.sequences[: TRIED // level.sequences.shape[1]]
    kept: list[tuple[Tensor, Tensor]] = []
    for one in pool:
        if len(kept) == count:
            break
        said = level.expect(one, level.functions, index)
        variance = said.var((0, 1)).sum()
        if all((said - other).square().mean((0, 1)).sum() > SAME * variance for other, _ in kept):
            kept.append((said, one))
    return [one for _, one in kept]


def _moved(
    level: Level,
    emissions: Tensor,
    whole: Iterable[float],
    steps: Iterable[float],
    beside: Beside,
) -> list[Tensor]:
    """`_proposals` after a few iterations, best first."""
    proposals = list(_proposals(level, emissions, whole, steps))
    tried = each(partial(_tried, level.alone(), level.training(TRIED)), proposals, beside)
    return [one for _, one in sorted(tried, key=lambda pair: -pair[0])]


def _tried(level: Level, text: Text, proposal: tuple[Tensor, Tensor]) -> tuple[float, Tensor]:
    moved, _ = relax(level, level.smooth(*proposal), text, 4, 2)
    return level.score(moved, TRIED)[0], moved


def _proposals(
    level: Level, emissions: Tensor, whole: Iterable[float], steps: Iterable[float]
) -> Iterator[tuple[Tensor, Tensor]]:
    """What `emissions` (1, k, m) say, but with a part of the play delayed, for `Level.smooth`."""
    index = level.sequences[: POLISHED // level.sequences.shape[1]]
    expected = level.expect(emissions, level.functions, index)
    index = index[:, MARGIN:-MARGIN]
    now = _delayed(expected, 0.0)
    function = level.symbols_from[:, :PARTS]
    standard = function[index] / function[level.other_at].std(0)
    parts = [torch.sigmoid(8 * sign * standard[..., [i]]) for i in range(PARTS) for sign in (1, -1)]
    for part, delays in [(torch.ones(1), whole), *[(part, steps) for part in parts]]:
        for step in delays:
            target = now + part * (_delayed(expected, step) - now)
            yield target.flatten(0, 1), index.flatten()


def _delayed(expected: Tensor, step: float) -> Tensor:
    """(s, l, f) `step` steps later, without the margins; between steps by interpolation."""
    whole = floor(step)
    part = step - whole
    at = torch.arange(MARGIN, expected.shape[1] - MARGIN) + whole
    return (1 - part) * expected[:, at] + part * expected[:, at + 1]
