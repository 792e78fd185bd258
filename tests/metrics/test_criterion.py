"""What the criterion of success names as falling short."""

from typing import Any

import pytest

from mwm.metrics.criterion import aligned, shortfalls

OBJECTS = ("opponent", "agent", "ball")
BARELY = {  # every number just enough
    "alignment": 0.97,
    "predicted_alignment": 0.97,
    **{f"own_f1_{name}": 0.98 for name in ("opponent", "agent")},
    **{f"f1_{name}": 0.95 * 0.98 for name in ("opponent", "agent")},
    "own_f1_ball": 0.95,
    "f1_ball": 0.95 * 0.95,
    **{f"reading_{name}": "right" for name in OBJECTS},
}


def judged(**changes: Any) -> list[str]:
    """The shortfalls if one direction barely suffices and the other has `changes`; both orders."""
    ways = [BARELY, BARELY | changes]
    told = shortfalls(ways, OBJECTS)
    assert shortfalls(ways[::-1], OBJECTS) == told, "either direction counts"
    return told


def test_what_barely_suffices_succeeds() -> None:
    assert judged() == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"alignment": 0.9699}, ["alignment"]),
        ({"alignment": None}, ["alignment"]),
        ({"predicted_alignment": 0.9699}, ["predicted alignment"]),
        ({"f1_agent": 0.9309}, ["F1 across: agent"]),
        ({"f1_ball": 0.9024}, ["F1 across: ball"]),
        ({"own_f1_opponent": 0.9799}, ["own F1: opponent"]),
        ({"own_f1_ball": 0.9499}, ["own F1: ball"]),
        ({"reading_ball": "inexact"}, ["reading: ball"]),
        (
            {"alignment": 0.5, "f1_agent": 0.5, "f1_ball": 0.5, "reading_ball": "mirrored"},
            ["alignment", "F1 across: agent, ball", "reading: ball"],
        ),
    ],
)
def test_what_falls_short_is_named(changes: dict[str, Any], told: list[str]) -> None:
    assert judged(**changes) == told


def test_an_object_that_no_frame_shows_is_not_judged() -> None:
    unseen = {"f1_ball": None, "own_f1_ball": None, "reading_ball": "absent"}
    assert judged(**unseen) == []


def test_a_pair_is_aligned_by_the_same_frame_alone() -> None:
    assert aligned(BARELY | {"predicted_alignment": 0.0})
    assert not aligned(BARELY | {"alignment": 0.9699})
