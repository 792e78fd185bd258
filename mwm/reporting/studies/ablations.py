"""Ablations: recruits under other conditions, as a table and a figure with a dot per seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.lines import Line2D

from mwm.io.files import replacing
from mwm.io.tables import write_csv
from mwm.metrics.criterion import ALIGNMENT
from mwm.reporting.figures.style import LIGHT, Theme, blank, label, png, themed
from mwm.reporting.shared.results import lowest, read_pairs, worse
from mwm.reporting.studies.names import each_once, same_objects, seeded

MARKS = "osD^v"  # of variants, in turn


def report_ablations(folders: Sequence[Path], out: Path, dpi: int) -> None:
    """Write ablations.csv and ablations.png from the folders <condition>-<seed>.

    Raises:
        UsageError: two folders have one name, one has no such name, or objects differ.
        MwmError: an input is missing or damaged, or an output cannot be written.
    """
    each_once(folders)
    of = {folder: condition_rows(folder) for folder in folders}
    same_objects([(folder, _objects(rows[0])) for folder, rows in of.items()])
    rows = [row for each in of.values() for row in each]
    write_csv(out / "ablations.csv", rows)
    with themed(LIGHT), replacing(out / "ablations.png") as temporary:
        temporary.write_bytes(ablations_figure(rows, LIGHT, dpi))


def condition_rows(folder: Path) -> list[dict[str, Any]]:
    """One row per variant: the lower direction of every measure."""
    condition, seed = seeded(folder, "condition")
    pairs = read_pairs(folder / "eval" / "pairs.csv")
    rows = []
    for ways in pairs.runs:
        row: dict[str, Any] = {"condition": condition, "world": ways[0].target, "seed": seed}
        for column in ("alignment", "predicted_alignment"):
            row[column] = lowest(ways, column)
        for name in pairs.objects:
            lower = worse(ways, name)
            row |= {f"{c}{name}": lower[f"{c}{name}"] for c in ("f1_", "own_f1_")}
            row[f"reading_{name}"] = lower.readings[name]
        row["success"] = ways[0]["success"] == 1
        rows.append(row)
    return rows


def _objects(row: Mapping[str, Any]) -> list[str]:
    return [column.removeprefix("f1_") for column in row if column.startswith("f1_")]


def ablations_figure(rows: Sequence[Mapping[str, Any]], theme: Theme, dpi: int) -> bytes:
    """A line per condition, a dot per variant and seed; filled where the criterion is met."""
    conditions = list(dict.fromkeys(row["condition"] for row in rows))
    worlds = list(dict.fromkeys(row["world"] for row in rows))
    objects = _objects(rows[0])
    columns = {"alignment": "alignment"} | {f"f1_{o}": f"F1 across: {o}" for o in objects}
    figure = blank(2.2 * len(columns) + 1.6, 0.32 * len(conditions) + 1.3, dpi)
    figure.set_layout_engine("constrained")
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for panel, (column, title) in zip(panels, columns.items(), strict=True):
        for row in rows:
            place = worlds.index(row["world"])
            height = conditions.index(row["condition"]) + 0.22 * (place - (len(worlds) - 1) / 2)
            colour = (theme.own, theme.cross)[place % 2]
            if row[column] is None:
                continue
            panel.plot(
                max(0.0, row[column]),
                height,
                MARKS[place % len(MARKS)],
                color=colour,
                markerfacecolor=colour if row["success"] else theme.paper,
                markersize=5,
                clip_on=False,
            )
        panel.set_title(title, loc="left")
        panel.set_xlim(0, 1)
        if column == "alignment":
            panel.axvline(ALIGNMENT, color=theme.muted, linewidth=0.8)
    panels[0].set_yticks(range(len(conditions)), [c.replace("_", " ") for c in conditions])
    panels[0].tick_params(axis="y", labelcolor=theme.ink, length=0)
    panels[0].invert_yaxis()
    handles = [
        Line2D([], [], linestyle="", marker=MARKS[i % len(MARKS)], label=label(world),
               color=(theme.own, theme.cross)[i % 2])
        for i, world in enumerate(worlds)
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=len(worlds))
    return png(figure)
