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
    """A line per world: the share of frames in which each object moves most, and the control's.

    Several models have a body each. Their controls are one: the mean, where they share a world.
    """
    objects = list(dict.fromkeys(words["object"] for words, _ in rows))
    groups = [
        ("", ["world"]),
        ("shared dynamics: moves most", objects),
        ("control, Vs trained separately: moves most", objects),
    ]
    models = [name for name in dict.fromkeys(words["model"] for words, _ in rows) if name != ALONE]

    def share(model: str, world: str, name: str) -> float | None:
        of = (model, world, name)
        found = [n["marked"] for w, n in rows if (w["model"], w["world"], w["object"]) == of]
        known = [value for value in found if value is not None]
        return sum(known) / len(known) if known else None

    bodies = []
    for model in models:
        worlds = dict.fromkeys(words["world"] for words, _ in rows if words["model"] == model)
        lines = [
            Line(
                label(world),
                [percent(share(of, world, name)) for of in (model, ALONE) for name in objects],
            )
            for world in worlds
        ]
        bodies.append(Body(lines, f"model {model}" if len(models) > 1 else None))
    return Table(groups, bodies)
