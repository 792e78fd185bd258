"""What a search is asked for: functions of both worlds, at levels from coarse to fine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mwm.decipherment.plan import Plan
from mwm.decipherment.sources import Hints, Original, Other, Scale


@dataclass(frozen=True)
class Step:
    """One level of a group: what is tried there, and what the level is made of."""

    plan: Plan
    scale: Scale
    original: Original


class Check(NamedTuple):
    """Tells a search that went wrong by its score; it starts anew from other random emissions.

    Attributes:
        levels: how many, from the first; the score is that of the last of them.
        enough: share of the score that the original would have there as its own cipher.
    """

    levels: int
    enough: float


@dataclass(frozen=True)
class Group:
    """Functions of both worlds that are searched together.

    Attributes:
        name: of the group, in scores and checkpoints.
        steps: the levels, coarse to fine.
        other: what all levels read of the other world.
        restarts: random emissions at the first level.
        hints: called at the first level that uses hints, and at each later one.
        checks: of more and more levels; a search that fails one repeats those before it, too.
    """

    name: str
    steps: Sequence[Step]
    other: Other
    restarts: int
    hints: Callable[[], Hints] | None = None
    checks: Sequence[Check] = ()
