"""Why a variant does not meet the criterion of success, in words."""

from collections.abc import Sequence

from mwm.reporting.results import Row

# The criterion of success, which evaluation judges; here it is only told.
ALIGNMENT = 0.9
CROSS_F1 = 0.9  # of the target world's own F1
OWN_F1 = {"ball": 0.8}
OWN_F1_ELSE = 0.9


def shortfalls(ways: Sequence[Row], objects: Sequence[str]) -> list[str]:
    """What falls short in one direction at least: ["alignment", "F1 across: agent, ball"]."""
    across, own = [], []
    for name in objects:
        f1 = [(way[f"f1_{name}"] or 0.0, way[f"own_f1_{name}"] or 0.0) for way in ways]
        if any(cross < CROSS_F1 * itself for cross, itself in f1):
            across.append(name)
        if any(itself < OWN_F1.get(name, OWN_F1_ELSE) for _, itself in f1):
            own.append(name)
    told = []
    if any((way["alignment"] or 0.0) < ALIGNMENT for way in ways):
        told.append("alignment")
    if across:
        told.append(f"F1 across: {', '.join(across)}")
    if own:
        told.append(f"own F1: {', '.join(own)}")
    return told
