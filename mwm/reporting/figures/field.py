"""The field: maps of how well the original's V draws the object that roams it, by where it is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from mwm.io.frames import SIDE
from mwm.reporting.figures.style import Theme, blank, legible, png
from mwm.reporting.shared.results import Numbers, Words, read_table
from mwm.reporting.shared.words import rounded_down
from mwm.settings.base import ORIGINAL
from mwm.settings.evaluate import CELL

Field = Sequence[tuple[Words, Numbers]]
CELLS = SIDE // CELL  # of a side
FEWEST = 10  # frames of a cell; of fewer an F1 says little
LOST = 0.8  # the F1 at which colours end


def read_field(path: Path | str) -> Field:
    """Read field.csv.

    Raises:
        MwmError: missing, no CSV, a column missing, or a word for a number.
    """
    words = ("model", "plays", "world", "object")
    return read_table(path, words, ("row", "column", "frames", "f1"))


def field_figure(rows: Field, theme: Theme, dpi: int) -> bytes:
    """A map per kind of plays, side by side; without objects a sentence that says so."""
    rows = [row for row in rows if row[0]["world"] == ORIGINAL]
    plays = list(dict.fromkeys(words["plays"] for words, _ in rows))
    figure = blank(4.2 * max(len(plays), 1), 4.4, dpi)
    if not plays:
        figure.text(0.02, 0.4, "No object is listed for this game, or none is in a test frame.")
        return png(figure)
    figure.set_layout_engine("constrained")
    for panel, name in zip(figure.subplots(1, len(plays), squeeze=False)[0], plays, strict=True):
        _map(panel, _table([row for row in rows if row[0]["plays"] == name]), theme)
        panel.set_title(f"{rows[0][0]['object']}, {name} plays", pad=10)
    return png(figure)


def _table(rows: Field) -> NDArray[np.float64]:
    """(CELLS, CELLS): F1 by row and column, the lowest over models; NaN where there are few frames.

    Cells outside of the frame, as a damaged file may have, are left out.
    """
    table = np.full((CELLS, CELLS), np.nan)
    for _, numbers in rows:
        row, column, frames, f1 = (numbers[c] or 0.0 for c in ("row", "column", "frames", "f1"))
        if frames >= FEWEST and row in range(CELLS) and column in range(CELLS):
            at = int(row), int(column)
            table[at] = np.fmin(table[at], f1)
    return table


def _map(panel: Axes, table: NDArray[np.float64], theme: Theme) -> None:
    ends = [theme.cross, theme.paper, theme.own]
    shades = LinearSegmentedColormap.from_list("lost", ends).with_extremes(bad=theme.rule)
    panel.imshow(table, cmap=shades, vmin=LOST, vmax=1, extent=(0, SIDE, SIDE, 0))
    for (row, column), f1 in np.ndenumerate(table):
        if not np.isnan(f1):
            shade = shades((f1 - LOST) / (1 - LOST))
            at = ((column + 0.5) * CELL, (row + 0.5) * CELL)
            words = rounded_down(f1, 2)
            panel.text(*at, words, ha="center", va="center", color=legible(shade), fontsize=8)
    seams = range(0, SIDE + 1, CELL)
    panel.set_xticks(seams)
    panel.set_yticks(seams)
    panel.tick_params(length=0, labelsize=8)
    panel.grid(color=theme.paper, linewidth=1)
    panel.set_axisbelow(False)
    panel.set_xlabel("column (pixels)")
    panel.set_ylabel("row (pixels)")
    panel.spines[:].set_visible(False)
