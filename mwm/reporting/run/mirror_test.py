"""The mirror test as a table: which object the model takes for the one that its actions move."""

from collections.abc import Sequence
from pathlib import Path

from mwm.reporting.shared.pages import Body, Line, Table
from mwm.reporting.shared.results import Numbers, Words, read_table
from mwm.reporting.shared.words import label, percent

Answers = Sequence[tuple[Words, Numbers]]
ALONE = "alone"  # the control: Vs that were trained separately per world


def read_mirror_test(path: Path | str) -> Answers:
    """Read mirror_test.csv.

    Raises:
        MwmError: missing, no CSV, a column missing, or a word for a number.
    """
    return read_table(path, ("model", "world", "object"), ("frames", "moving", "moved", "marked"))


def mirror_table(rows: Answers) -> Table:
    """A line per world: the share of frames in which each object moves most, and the control's."""
    objects = list(dict.fromkeys(words["object"] for words, _ in rows))
    groups = [
        ("", ["world"]),
        ("shared dynamics: moves most", objects),
        ("control, Vs trained separately: moves most", objects),
    ]
    shares = {(w["model"] == ALONE, w["world"], w["object"]): n["marked"] for w, n in rows}
    lines = [
        Line(
            label(world),
            [percent(shares[alone, world, o]) for alone in (False, True) for o in objects],
        )
        for world in dict.fromkeys(words["world"] for words, _ in rows)
    ]
    return Table(groups, [Body(lines)])
