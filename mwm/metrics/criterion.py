"""The criterion of success, which evaluation judges by and the report explains."""

from collections.abc import Sequence
from typing import Any, Protocol

ALIGNMENT = 0.9
CROSS_F1 = 0.9  # of the target world's own F1
OWN_F1 = {"ball": 0.8}  # the ball is 4 of 4096 pixels
OWN_F1_ELSE = 0.9


class Metrics(Protocol):
    """A row of metrics: a number, or None, by name."""

    def __getitem__(self, name: str, /) -> Any: ...


def shortfalls(ways: Sequence[Metrics], objects: Sequence[str]) -> list[str]:
    """What falls short in one direction at least: ["alignment", "F1 across: agent, ball"].

    Args:
        ways: the rows of metrics from one world to the other, and back.
        objects: those that are judged, if any frame shows them; else they have no F1. A pair
            without a shortfall succeeds.
    """
    across, own = [], []
    for name in objects:
        f1 = [(way[f"f1_{name}"], way[f"own_f1_{name}"]) for way in ways]
        if any(None in measured for measured in f1):
            continue
        if any(cross < CROSS_F1 * itself for cross, itself in f1):
            across.append(name)
        if any(itself < OWN_F1.get(name, OWN_F1_ELSE) for _, itself in f1):
            own.append(name)
    told = []
    if not all(map(aligned, ways)):
        told.append("alignment")
    if across:
        told.append(f"F1 across: {', '.join(across)}")
    if own:
        told.append(f"own F1: {', '.join(own)}")
    return told


def aligned(way: Metrics) -> bool:
    """Whether the alignment of one direction reaches the criterion."""
    return (way["alignment"] or 0.0) >= ALIGNMENT
