"""Why a pair of worlds does not meet the criterion of success, in words."""

from collections.abc import Iterator, Sequence

from mwm.reporting.results import Row
from mwm.reporting.style import rounded_down

# The criterion of success, which evaluation judges; here it is only told.
ALIGNMENT = 0.9
CROSS_F1 = 0.9  # of the target world's own F1
OWN_F1 = {"ball": 0.8}
OWN_F1_ELSE = 0.9


def shortfalls(row: Row, objects: Sequence[str]) -> Iterator[str]:
    """What one direction of a pair lacks: "alignment 0.421 < 0.9", "ball 0.310 < 0.9 × 0.702"."""
    alignment = row["alignment"]
    if alignment is None or alignment < ALIGNMENT:
        yield f"alignment {_told(alignment)} < {ALIGNMENT}"
    for name in objects:
        own, cross = row[f"own_f1_{name}"], row[f"f1_{name}"]
        needed = OWN_F1.get(name, OWN_F1_ELSE)
        if own is None or own < needed:
            yield f"own {name} {_told(own)} < {needed}"
        if own is None or cross is None or cross < CROSS_F1 * own:
            yield f"{name} {_told(cross)} < {CROSS_F1} × {_told(own)}"


def _told(value: float | None) -> str:
    return "unknown" if value is None else rounded_down(value, 3)
