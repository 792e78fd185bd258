"""What a search tries at each of its levels: one table for each group of functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from mwm.decipherment.delays import nudge_parts, shift_parts
from mwm.decipherment.level import Level
from mwm.decipherment.moves import carry, inherit, reverse_best, settle
from mwm.decipherment.relaxation import relax_best
from mwm.decipherment.worker import Workers

Begin = Callable[[Level, Tensor, Level, Workers], Tensor]
Move = Callable[[Level, Tensor, Workers], Tensor]


@dataclass(frozen=True)
class Plan:
    """One level of a search.

    Attributes:
        share: of the states that are asked for.
        functions: leading functions of the original that tell states apart; all if there are fewer.
        views: leading functions of single frames that tell symbols apart, where there are as many.
        moves: what is done to the emissions, in turn.
        kept: candidates that go on to the next level, of those that differ; None: all, however
            little they differ, since the next level tells them apart.
        begin: makes emissions from those of the level before; the first level starts at random.
        hinted: whether states emit hints; at few states hints mislead.
        lag: frames over which slow functions change little.
        stride: frames per step of the chain.
    """

    share: float
    functions: int
    moves: Sequence[Move]
    kept: int | None
    begin: Begin = carry
    hinted: bool = False
    lag: int = 4
    stride: int = 1
    views: int = 12


settle_twice = partial(settle, smoothings=2)
settle_long = partial(settle, smoothings=5)
RELAXED = 90_000  # frames; in 30,000 a part that seldom meets the rest is too rare
relax = partial(relax_best, frames=RELAXED)
nudge = partial(nudge_parts, frames=RELAXED)

SLOW = (
    Plan(1 / 32, 4, [settle_long, reverse_best], kept=6, lag=8, stride=2),
    Plan(1 / 16, 6, [settle_twice], kept=2),
    Plan(1 / 8, 10, [settle_twice], kept=1),
    Plan(1 / 4, 20, [settle_twice, shift_parts], kept=2, views=16),
    Plan(1 / 2, 32, [relax, nudge], kept=None, hinted=True, views=24),
    Plan(1, 40, [], kept=1, begin=inherit, hinted=True, views=24),
)
CONTROLLED = (
    Plan(0.03, 5, [settle_long, reverse_best], kept=2),
    Plan(0.1, 5, [settle_twice], kept=1),
    Plan(0.3, 5, [settle_twice], kept=1),
    Plan(1, 5, [], kept=1, begin=inherit),
)
