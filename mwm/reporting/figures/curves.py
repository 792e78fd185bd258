"""The learning curves: errors on validation episodes during training, a column per run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from mwm.reporting.figures.style import Theme, blank, png, symbol
from mwm.reporting.shared.results import Row
from mwm.settings.base import ORIGINAL

ACROSS = 5  # runs side by side
LINES = {  # column: its name, whether latents are another world's, whether M predicted them
    "reconstruction": ("$L_r$  own code", False, False),
    "transfer": ("$L_t$  translated", True, False),
    "prediction": ("$L_p$  own code, predicted", False, True),
    "predicted_transfer": ("$L_{pt}$  translated, predicted", True, True),
}


@dataclass(frozen=True)
class Line:
    """One column of some rows of curves.csv, and how it is drawn."""

    label: str
    rows: Sequence[Row]
    column: str
    style: Mapping[str, Any]


def curves_figure(curves: Sequence[Row], theme: Theme, dpi: int) -> bytes:
    """Errors on validation episodes, as `lines_figure` draws them."""
    lines = [Line(LINES[name][0], curves, name, _style(name, theme)) for name in LINES]
    return lines_figure(lines, theme, dpi)


def lines_figure(lines: Sequence[Line], theme: Theme, dpi: int) -> bytes:
    """Lines over iterations: a column per run; above from the original, below to the original.

    Of several seeds the median at each iteration, with a band from the minimum to the maximum.
    """
    runs = list(dict.fromkeys(row.model for line in lines for row in line.rows))
    columns, bands = min(ACROSS, max(len(runs), 1)), max(-(-len(runs) // ACROSS), 1)
    figure = blank(max(2.05 * columns + 0.5, 8.5), 3.7 * bands + 0.7, dpi)
    figure.set_layout_engine("constrained", hspace=0.06)
    panels = figure.subplots(2 * bands, columns, sharey=True, squeeze=False)
    for index in range(columns * bands):
        band, column = divmod(index, columns)
        there, back = panels[2 * band : 2 * band + 2, column]
        if index < len(runs):
            _losses(there, lines, runs[index], True, theme)
            _losses(back, lines, runs[index], False, theme)
            there.set_title(runs[index], loc="left", pad=18)
            back.set_xlabel("iteration")
        elif runs:
            there.remove()
            back.remove()
    for panel in panels[:, 0]:
        panel.set_ylabel("squared error\nper frame (pixels)")
    drawn = [line for line in lines if any(row[line.column] is not None for row in line.rows)]
    handles = [Line2D([], [], label=line.label, **line.style) for line in drawn]
    figure.legend(handles=handles, loc="outside upper left", ncols=2, columnspacing=1.2)
    return png(figure)


def _losses(panel: Axes, lines: Sequence[Line], run: str, forward: bool, theme: Theme) -> None:
    """One direction of one run."""
    direction = "not recorded"
    for line in lines:
        known: dict[float, list[float]] = {}
        for row in line.rows:
            if row.model != run or (row.source == ORIGINAL) != forward:
                continue
            direction = f"{symbol(row.source)} → {symbol(row.target)}"
            iteration, error = row["iteration"], row[line.column]
            if iteration is not None and error is not None and error > 0:
                known.setdefault(iteration, []).append(error)
        if known:
            middle = [median(errors) for errors in known.values()]
            panel.plot(list(known), middle, marker="o" if len(known) == 1 else None, **line.style)
            low, high = map(min, known.values()), map(max, known.values())
            panel.fill_between(
                list(known),
                list(low),
                list(high),
                color=line.style["color"],
                alpha=0.2,
                linewidth=0,
            )
            panel.set_yscale("log")
    panel.text(0, 1.03, direction, transform=panel.transAxes, color=theme.muted)
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(ScalarFormatter())
    panel.yaxis.set_minor_formatter(NullFormatter())


def _style(column: str, theme: Theme) -> dict[str, Any]:
    """The colour shows whose latents are decoded, dashes that M predicted them."""
    _, crossed, predicted = LINES[column]
    colour = theme.cross if crossed else theme.own
    return {"color": colour, "linestyle": (0, (2.5, 1.2)) if predicted else "-"}
