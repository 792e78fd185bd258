"""The figure of key elements: which latent dimensions matter to the picture, in every world."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mwm import ArtefactError
from mwm.reporting.figures.style import Theme, blank, png
from mwm.reporting.shared.results import read_table
from mwm.settings.base import ORIGINAL

NUMBERS = ("log_sigma", "spread", "distance", "weight", "gradient")
NAMED = 40  # dimensions whose numbers have room below the figure
PANELS = {  # column: the panel's title, its unit
    "log_sigma": ("posterior's log standard deviation", "mean of ln σ"),
    "distance": ("distance of corresponding states, $|z_o - z|$", "mean over frames\n(units of z)"),
    "weight": ("absolute weights in the decoder's first layer", "sum of |w|"),
    "gradient": ("absolute gradient of the decoded picture", "pixels\nper unit of z"),
}


@dataclass(frozen=True)
class Element:
    """One latent dimension as one world's V uses it: a row of elements.csv."""

    model: str
    world: str
    dimension: float
    log_sigma: float
    spread: float
    distance: float
    weight: float
    gradient: float


def read_elements(path: Path | str) -> list[Element]:
    """Read elements.csv: every world of a model has the same dimensions, from 0.

    Raises:
        MwmError: missing, no CSV, a column missing, no finite number, or a row missing.
    """
    elements = []
    for words, numbers in read_table(path, ("model", "world"), ("dimension", *NUMBERS)):
        known = {column: number for column, number in numbers.items() if number is not None}
        if known.keys() != numbers.keys():
            raise ArtefactError(f"{path}: expected a finite number in every cell")
        elements.append(Element(words["model"], words["world"], **known))
    _check_complete(path, elements)
    return elements


def _check_complete(path: Path | str, elements: Sequence[Element]) -> None:
    """Every world of every model has the same dimensions, each once; models have an original."""
    found: dict[tuple[str, str], list[float]] = {}
    for element in elements:
        found.setdefault((element.model, element.world), []).append(element.dimension)
    if all(world == ORIGINAL for _, world in found):
        raise ArtefactError(f"{path}: expected {ORIGINAL} and a variant, found no variant")
    for model in dict.fromkeys(model for model, _ in found):
        if (model, ORIGINAL) not in found:
            raise ArtefactError(f"{path}: expected {ORIGINAL} in {model}, found no row")
    latent = 1 + int(max(element.dimension for element in elements))
    for (model, world), dimensions in found.items():
        # Length first, so that a huge number in a damaged cell makes no range of that size.
        if len(dimensions) != latent or set(dimensions) != set(range(latent)):
            raise ArtefactError(
                f"{path}: expected dimensions 0 to {latent - 1} of {model}, {world}, each once, "
                f"found {len(dimensions)} rows"
            )


def elements_figure(elements: Sequence[Element], theme: Theme, dpi: int) -> bytes:
    """How each latent dimension is used by the original, and by the variants of all models.

    Args:
        elements: as `read_elements` gives them.
        theme: colours.
        dpi: dots per inch; the figure is 8.5 in wide.
    """
    order = np.argsort(_table(elements, "log_sigma", True).mean(0), kind="stable")
    figure = blank(8.5, 7.6, dpi)
    figure.set_layout_engine("constrained", hspace=0.04)
    panels = figure.subplots(len(PANELS), 1, sharex=True)
    for panel, (column, (title, unit)) in zip(panels, PANELS.items(), strict=True):
        # A small distance means something only beside the original's spread: compare the two.
        shown, dashes = ("spread", ":") if column == "distance" else (column, "-")
        original = _table(elements, shown, True).mean(0)
        panel.plot(original[order], linestyle=dashes, **_line(theme, True))
        _band(panel, _table(elements, column, False)[:, order], theme)
        panel.set_title(title, loc="left", pad=5)
        panel.set_ylabel(unit)
        if column != "log_sigma":
            panel.set_ylim(bottom=-0.04 * panel.get_ylim()[1])  # room for markers on zero
    step = -(-len(order) // NAMED)
    panels[-1].set_xticks(range(0, len(order), step), [str(k) for k in order[::step]])
    panels[-1].tick_params(axis="x", labelsize=8)
    panels[-1].set_xlim(-0.6, len(order) - 0.4)
    panels[-1].set_xlabel("latent dimension, key elements first")
    figure.align_ylabels(panels)
    handles = _legend(len(_table(elements, "weight", False)), theme)
    figure.legend(handles=handles, loc="outside upper left", ncols=2, columnspacing=1.2)
    return png(figure)


def _table(elements: Sequence[Element], column: str, original: bool) -> NDArray[np.float64]:
    """(models and worlds, latent): a column of the originals, or of the variants."""
    rows: dict[tuple[str, str], dict[float, float]] = {}
    for element in elements:
        if (element.world == ORIGINAL) == original:
            row = rows.setdefault((element.model, element.world), {})
            row[element.dimension] = getattr(element, column)
    return np.array([[row[k] for k in sorted(row)] for row in rows.values()])


def _line(theme: Theme, original: bool) -> dict[str, Any]:
    """The style of a line; rings of the original around dots of the variants show agreement."""
    if original:
        face = {"markersize": 7, "markerfacecolor": theme.paper}
        return {"color": theme.own, "marker": "o", "linewidth": 1.4, **face}
    return {"color": theme.cross, "marker": "o", "linewidth": 1.4, "markersize": 3.5}


def _band(panel: Axes, values: NDArray[np.float64], theme: Theme) -> None:
    """The mean of the rows of (n, latent), with a band from the minimum to the maximum."""
    places = np.arange(values.shape[1])
    least, greatest = values.min(0), values.max(0)
    panel.fill_between(places, least, greatest, color=theme.cross, alpha=0.25, linewidth=0)
    panel.plot(places, values.mean(0), **_line(theme, False))


def _legend(variants: int, theme: Theme) -> list[Artist]:
    several = variants > 1
    return [
        Line2D([], [], label="original", **_line(theme, True)),
        Line2D([], [], label="its spread over frames", linestyle=":", **_line(theme, True)),
        Line2D(
            [],
            [],
            label=f"{variants} variants, mean" if several else "variant",
            **_line(theme, False),
        ),
        *[Patch(color=theme.cross, alpha=0.25, linewidth=0, label="their range")] * several,
    ]
