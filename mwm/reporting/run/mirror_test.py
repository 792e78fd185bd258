"""The mirror test as a table: which object the model takes for the one that its actions move."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from mwm.reporting.markup import head, label, line, percent, wide
from mwm.reporting.results import Numbers, Words, read_table

Marks = Sequence[tuple[Words, Numbers]]
ALONE = "alone"  # model of worlds that share no dynamics


def read_marks(path: Path | str) -> Marks:
    """Read mirror_test.csv.

    Raises:
        MwmError: missing, no CSV, a column missing, or a word for a number.
    """
    return read_table(path, ("model", "world", "object"), ("frames", "moved", "marked"))


def mirror_table(marks: Marks) -> str:
    """A line per world and model: the share of frames in which each object moves most."""
    objects = list(dict.fromkeys(words["object"] for words, _ in marks))
    titles = head(
        ("", ["world"]),
        ("shared dynamics: moves most", list(map(escape, objects))),
        ("each world alone: moves most", list(map(escape, objects))),
    )
    shares = {(w["model"] == ALONE, w["world"], w["object"]): n["marked"] for w, n in marks}
    lines = [
        line(
            label(world),
            [percent(shares[alone, world, o]) for alone in (False, True) for o in objects],
        )
        for world in dict.fromkeys(words["world"] for words, _ in marks)
    ]
    return wide(titles, f"<tbody>{''.join(lines)}</tbody>")
