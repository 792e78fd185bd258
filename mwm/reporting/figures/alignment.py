"""The matrices of alignment and predicted alignment between all worlds."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from mwm.metrics.criterion import ALIGNMENT
from mwm.reporting.figures.style import Theme, blank, label, legible, png, symbol
from mwm.reporting.shared.results import Pairs, lowest
from mwm.reporting.shared.words import SYMBOLS, rounded_down


def alignment_figure(pairs: Pairs, theme: Theme, dpi: int) -> bytes:
    """Alignment of every ordered pair of worlds, for the same frame and for the next, predicted."""
    side = 0.56 * len(pairs.worlds)
    names = 0.085 * max(map(len, pairs.worlds))
    figure = blank(2 * (side + names + 0.95), side + 1.3 + _upright(pairs) * names, dpi)
    figure.set_layout_engine("constrained", wspace=0.08)
    seen, predicted = figure.subplots(1, 2)
    _matrix(seen, pairs, "alignment", theme)
    seen.set_title("alignment", pad=12)
    _matrix(predicted, pairs, "predicted_alignment", theme)
    predicted.set_title("predicted alignment", pad=12)
    return png(figure)


def _upright(pairs: Pairs) -> bool:
    """Whether the columns' names are turned by 90 degrees: they need more room than symbols."""
    return not set(pairs.worlds) <= SYMBOLS.keys()


def _matrix(panel: Axes, pairs: Pairs, column: str, theme: Theme) -> None:
    """One number per ordered pair, the lowest over models; bold where it reaches the criterion."""
    worlds = pairs.worlds
    shades = LinearSegmentedColormap.from_list("shades", [theme.faint, theme.own])
    found = np.full((len(worlds), len(worlds)), np.nan)
    for here, there in np.ndindex(found.shape):
        between = (worlds[here], worlds[there])
        rows = [row for row in pairs.crossed if (row.source, row.target) == between]
        value = lowest(rows, column)
        words, colour, weight = ("" if here == there else "–"), theme.muted, "normal"
        if value is not None:
            found[here, there] = value
            words, colour = rounded_down(value, 2), legible(shades(value))
            weight = "bold" if value >= ALIGNMENT else "normal"
        panel.text(there, here, words, ha="center", va="center", color=colour, fontweight=weight)
    panel.imshow(found, cmap=shades, vmin=0, vmax=1)
    panel.set_xticks(range(len(worlds)), [symbol(world) for world in worlds])
    panel.set_yticks(range(len(worlds)), [label(world) for world in worlds])
    panel.tick_params(length=0, labelsize=9, labelcolor=theme.ink)
    panel.tick_params(axis="x", rotation=90 if _upright(pairs) else 0)
    panel.set_xlabel("decoded in")
    panel.set_ylabel("encoded in")
    seams = np.arange(0.5, len(worlds) - 1)
    panel.set_xticks(seams, minor=True)
    panel.set_yticks(seams, minor=True)
    panel.tick_params(which="minor", length=0)
    panel.grid(visible=False)
    panel.grid(which="minor", color=theme.paper, linewidth=1.5)
    panel.spines[:].set_visible(False)
