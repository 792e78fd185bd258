"""Memories: how long the dreams of different Ms hold, as a table and a figure with a line for each.

All of them read and draw with the same Vs, so that only what was changed of M tells them apart.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mwm import UsageError
from mwm.io.files import replacing
from mwm.io.tables import write_csv
from mwm.reporting.figures.dreams import KINDS, kinds_of, read_dreams, worst
from mwm.reporting.figures.style import LIGHT, Theme, blank, png, themed
from mwm.reporting.studies.names import each_once

FACTORS = ("units", "predicts", "steps")  # in a folder's name, <units>-<predicts>-<steps>
WIDTHS = (1.0, 2.4)
STYLES: Sequence[Literal["--", "-", ":"]] = ("--", "-", ":")

Row = dict[str, Any]


def report_memories(folders: Sequence[Path], out: Path, dpi: int) -> None:
    """Write memories.csv and memories.png from the folders <units>-<predicts>-<steps>.

    Raises:
        UsageError: two folders have one name, or one has no such name.
        MwmError: an input is missing or damaged, or an output cannot be written.
    """
    each_once(folders)
    rows = [row for folder in folders for row in memory_rows(folder)]
    write_csv(out / "memories.csv", rows, [*FACTORS, "object", "kind", "step", "frames"])
    with themed(LIGHT), replacing(out / "memories.png") as temporary:
        temporary.write_bytes(memories_figure(rows, LIGHT, dpi))


def memory_rows(folder: Path) -> list[Row]:
    """One row per object, kind and step of dreams, of the worst of the pairs of worlds.

    Columns: `found`, the share of frames in which the object is found, relative to those in which
    the target's own V draws it of the true frame; `distance`, the median distance in pixels.

    Raises:
        UsageError: the folder's name does not tell what was changed.
        MwmError: dreams.csv is missing or damaged.
    """
    parts = folder.name.split("-")
    if len(parts) != len(FACTORS):
        raise UsageError(
            f"{folder}: expected a name of three parts, <units>-<predicts>-<steps>, found another"
        )
    found: dict[tuple[str, str, float], list[Mapping[str, float | None]]] = {}
    for words, numbers in read_dreams(folder / "eval" / "dreams.csv"):
        step = numbers["step"]
        assert step is not None
        found.setdefault((words["object"], words["kind"], step), []).append(numbers)
    rows = []
    for (name, kind, step), pairs in found.items():
        share, distance = worst(pairs)
        row: Row = dict(zip(FACTORS, parts, strict=True))
        row |= {
            "object": name,
            "kind": kind,
            "step": int(step),
            "frames": int(pairs[0]["frames"] or 0),
        }
        row["found"] = None if share is None else round(share, 6)
        row["distance"] = distance
        rows.append(row)
    return rows


def memories_figure(rows: Sequence[Row], theme: Theme, dpi: int) -> bytes:
    """A column of panels per object, a row per kind of dream, and a line per M.

    What M predicts gives a line its colour, its training the style, its units the width.
    """
    objects = list(dict.fromkeys(row["object"] for row in rows))
    kinds = kinds_of([(row, {}) for row in rows])
    figure = blank(2.8 * max(len(objects), 1) + 0.4, 2.2 * len(kinds) + 0.9, dpi)
    figure.set_layout_engine("constrained")
    if not objects:
        return png(figure)
    levels = {f: list(dict.fromkeys(row[f] for row in rows)) for f in FACTORS}
    panels = figure.subplots(len(kinds), len(objects), sharex=True, sharey=True, squeeze=False)
    for across, kind in zip(panels, kinds, strict=True):
        for panel, name in zip(across, objects, strict=True):
            chosen = [row for row in rows if (row["object"], row["kind"]) == (name, kind)]
            _lines(panel, chosen, levels, theme)
            panel.set_title(f"{name}: {KINDS[kind]}", loc="left")
        across[0].set_ylabel("found, of what V finds")
    for panel in panels[-1]:
        panel.set_xlabel("steps dreamt")
    handles = [
        Line2D(
            [],
            [],
            label=f"{factor}: {level}".replace("_", " "),
            **_look(levels, {factor: level}, theme),
        )
        for factor in FACTORS
        for level in levels[factor]
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(FACTORS) + 1)
    return png(figure)


def _lines(panel: Axes, rows: Sequence[Row], levels: Mapping[str, list[str]], theme: Theme) -> None:
    for memory in dict.fromkeys(tuple(row[factor] for factor in FACTORS) for row in rows):
        of = [row for row in rows if tuple(row[factor] for factor in FACTORS) == memory]
        look = _look(levels, dict(zip(FACTORS, memory, strict=True)), theme)
        panel.plot([row["step"] for row in of], [row["found"] for row in of], **look)
    if not rows:
        panel.text(0.05, 0.5, "in too few frames", transform=panel.transAxes)
    panel.set_ylim(0, 1.05)


def _look(levels: Mapping[str, list[str]], memory: Mapping[str, str], theme: Theme) -> Row:
    """How the line of a memory looks; what is not told of it is drawn neutrally."""

    def place(factor: str) -> int | None:
        return levels[factor].index(memory[factor]) if factor in memory else None

    units, predicts, steps = map(place, FACTORS)
    return {
        "linewidth": 1.8 if units is None else WIDTHS[units % len(WIDTHS)],
        "color": theme.muted if predicts is None else (theme.own, theme.cross)[predicts % 2],
        "linestyle": "-" if steps is None else STYLES[steps % len(STYLES)],
    }
