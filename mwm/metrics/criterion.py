"""The criterion of success, which evaluation judges by and the report explains."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

ALIGNMENT = 0.97  # of the same frame, and of the next one, predicted
CROSS_F1 = 0.95  # of the target world's own F1
OWN_F1 = {"ball": 0.95}  # the ball is 4 of 4096 pixels
OWN_F1_ELSE = 0.98
READING = "right"


class Metrics(Protocol):
    """A row of metrics: a number, a word, or None, by name."""

    def __getitem__(self, name: str, /) -> Any: ...


def shortfalls(ways: Sequence[Metrics], objects: Sequence[str]) -> list[str]:
    """What falls short in one direction at least: ["alignment", "F1 across: agent, ball"].

    Args:
        ways: the rows of metrics from one world to the other, and back.
        objects: those that are judged, if any frame shows them; else they have no F1. A pair
            without a shortfall succeeds.
    """
    seen = [
        name
        for name in objects
        if all(None not in (way[f"f1_{name}"], way[f"own_f1_{name}"]) for way in ways)
    ]
    rules: dict[str, Callable[[Metrics, str], bool]] = {
        "F1 across": lambda way, o: way[f"f1_{o}"] >= CROSS_F1 * way[f"own_f1_{o}"],
        "own F1": lambda way, o: way[f"own_f1_{o}"] >= OWN_F1.get(o, OWN_F1_ELSE),
        "reading": lambda way, o: way[f"reading_{o}"] == READING,
    }
    told = [] if all(map(aligned, ways)) else ["alignment"]
    if not all(_reaches(way["predicted_alignment"]) for way in ways):
        told.append("predicted alignment")
    for rule, kept in rules.items():
        if fallen := [o for o in seen if not all(kept(way, o) for way in ways)]:
            told.append(f"{rule}: {', '.join(fallen)}")
    return told


def aligned(way: Metrics) -> bool:
    """Whether the alignment of one direction reaches the criterion."""
    return _reaches(way["alignment"])


def _reaches(alignment: float | None) -> bool:
    return (alignment or 0.0) >= ALIGNMENT
