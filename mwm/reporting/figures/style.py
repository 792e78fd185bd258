"""How the figures look: colours for light and dark pages, names of worlds, and the PNG itself."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mwm.reporting.shared.words import SYMBOLS


@dataclass(frozen=True)
class Theme:
    """Colours; `own` and `cross` are Okabe and Ito's, which colour-blind people tell apart."""

    paper: str
    ink: str
    muted: str
    rule: str
    faint: str
    own: str
    cross: str


LIGHT = Theme("#ffffff", "#1c1f24", "#5b6470", "#d8dce2", "#e9eff5", own="#0072B2", cross="#D55E00")
DARK = Theme("#15181d", "#e6e8ec", "#9aa3af", "#3a414c", "#222a33", own="#56B4E9", cross="#E69F00")


@contextmanager
def themed(theme: Theme) -> Iterator[None]:
    """Draw with Matplotlib's defaults and this theme, whatever the user's own settings are."""
    ours = {
        "font.family": "DejaVu Sans",  # comes with Matplotlib: the same on every machine
        "font.size": 9,
        "figure.facecolor": theme.paper,
        "axes.facecolor": theme.paper,
        "axes.edgecolor": theme.rule,
        "axes.labelcolor": theme.muted,
        "axes.titlecolor": theme.ink,
        "axes.titlesize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": theme.rule,
        "grid.linewidth": 0.6,
        "text.color": theme.ink,
        "xtick.color": theme.rule,
        "ytick.color": theme.rule,
        "xtick.labelcolor": theme.muted,
        "ytick.labelcolor": theme.muted,
        "lines.linewidth": 1.8,
        "legend.frameon": False,
    }
    with style.context(["default", ours]):
        yield


def blank(width: float, height: float, dpi: int) -> Figure:
    """A figure of `width` x `height` inches without a window behind it."""
    figure = Figure(figsize=(width, height), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as PNG, without the software's version: its bytes depend on the content alone."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.dpi, metadata={"Software": None})
    return buffer.getvalue()


def symbol(world: str) -> str:
    """A world's symbol in Matplotlib's math, "Γm"; its name where the paper has no symbol."""
    return f"$\\Gamma_{{{SYMBOLS[world]}}}$" if world in SYMBOLS else world


def label(world: str) -> str:
    """A world's symbol and name: "Γm mirror"."""
    return f"{symbol(world)} {world}" if world in SYMBOLS else world


def legible(shade: tuple[float, float, float, float]) -> str:
    """Black or white, whichever is read more easily on `shade`."""
    red, green, blue, _ = shade
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5 else "#ffffff"
