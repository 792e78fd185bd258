"""The chart of open-loop dreams: position errors of objects by the number of steps dreamt."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from mwm.reporting.figures.style import Theme, blank, png
from mwm.reporting.shared.results import Numbers, Words, read_table

Dreams = Sequence[tuple[Words, Numbers]]
COLUMNS = 3  # side by side
OWN, ACROSS, COPY = "dreamt and drawn in one world", "drawn in another world", "last frame copied"


def read_dreams(path: Path | str) -> Dreams:
    """Read dreams.csv.

    Raises:
        MwmError: missing, no CSV, a column missing, or a word for a number.
    """
    words = ("model", "source", "target", "object")
    return read_table(path, words, ("step", "distance", "found", "copy_distance", "copy_found"))


def dreams_figure(rows: Dreams, theme: Theme, dpi: int) -> bytes:
    """Median position error above, share of frames in which the object is found below.

    A column per object; without objects a sentence that says so.
    """
    objects = list(dict.fromkeys(words["object"] for words, _ in rows))
    columns, bands = min(COLUMNS, max(len(objects), 1)), -(-len(objects) // COLUMNS)
    figure = blank(8.5, 3.7 * bands + 0.5, dpi)
    if not objects:
        figure.text(0.02, 0.4, "No objects are listed for this game: dreams are not measured.")
        return png(figure)
    figure.set_layout_engine("constrained")
    panels = figure.subplots(2 * bands, columns, sharex=True, sharey="row", squeeze=False)
    for index in range(columns * bands):
        band, column = divmod(index, columns)
        distance, found = panels[2 * band : 2 * band + 2, column]
        if index < len(objects):
            of_object = [row for row in rows if row[0]["object"] == objects[index]]
            _lines(distance, of_object, "distance", theme)
            _lines(found, of_object, "found", theme)
            distance.set_title(objects[index], loc="left")
            found.set_xlabel("steps dreamt")
            found.tick_params(labelbottom=True)
        else:
            distance.remove()
            found.remove()
    for distance, found in zip(panels[::2, 0], panels[1::2, 0], strict=True):
        distance.set_ylim(bottom=0)
        found.set_ylim(0, 1.05)
        distance.set_ylabel("median distance\n(pixels)")
        found.set_ylabel("found\n(share of frames)")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return png(figure)


def _lines(panel: Axes, rows: Dreams, column: str, theme: Theme) -> None:
    """A line for the mean over worlds or pairs, with a band from the minimum to the maximum."""
    own = [row for row in rows if row[0]["source"] == row[0]["target"]]
    across = [row for row in rows if row[0]["source"] != row[0]["target"]]
    for name, chosen, key, colour, style in (
        (COPY, own, f"copy_{column}", theme.muted, ":"),
        (OWN, own, column, theme.own, "-"),
        (ACROSS, across, column, theme.cross, "-"),
    ):
        steps, values = _by_step(chosen, key)
        if not steps and name == OWN:  # an object that no frame shows has no place
            panel.text(0.05, 0.5, "in no test frame", transform=panel.transAxes)
        panel.plot(steps, [np.mean(v) for v in values], style, color=colour, label=name)
        low, high = [min(v) for v in values], [max(v) for v in values]
        panel.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)


def _by_step(
    rows: Iterable[tuple[Words, Numbers]], key: str
) -> tuple[list[float], list[list[float]]]:
    """The steps, and at each the known numbers of a column."""
    found: dict[float, list[float]] = {}
    for _, numbers in rows:
        step, value = numbers["step"], numbers[key]
        if step is not None and value is not None:
            found.setdefault(step, []).append(value)
    return sorted(found), [found[step] for step in sorted(found)]
