"""A comparison as a page with figures, and as Markdown for a terminal or a pull request."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mwm.reporting.comparison.outcome import PICTURES
from mwm.reporting.comparison.tables import (
    Side,
    metrics_table,
    missing,
    params_table,
    runs_table,
    verdicts,
)
from mwm.reporting.figures.curves import Line, lines_figure
from mwm.reporting.figures.pictures import drawn_at
from mwm.reporting.figures.style import DARK, LIGHT, Theme, themed
from mwm.reporting.shared.pages import Figure, render

TEMPLATE = Path(__file__).with_name("page.html")
COLOURS = ("#009E73", "#CC79A7", "#999999")  # beside a theme's two; Okabe and Ito's
DASHES = ("-", (0, (2.5, 1.2)), (0, (1, 1)))  # of the first five lines, of the next, ...
SIGNS = re.compile(r"([\\|<*])")  # of Markdown; a remedy has its own
DPI = 110


def markdown(compared: Sequence[Side], remedy: str) -> str:
    """The comparison without figures: verdicts, params that differ, metrics.

    Args:
        compared: the first is what the others are compared with.
        remedy: how to get files that are missing.
    """
    parts = ["\n".join(f"- {_plain(told)}" for told in verdicts(compared))]
    for titles, rows in (params_table(compared), metrics_table(compared)):
        if rows:
            rule = ["---", *("---:" for _ in titles[1:])]
            lines = (map(_plain, cells) for cells in (titles, *rows))
            head, *body = (f"| {' | '.join(cells)} |" for cells in lines)
            parts.append("\n".join([head, f"| {' | '.join(rule)} |", *body]))
    return "\n\n".join([*parts, *map(_plain, missing(compared, remedy))]) + "\n"


def _plain(text: str) -> str:
    """On one line, its signs escaped: a branch may be called `a|b`."""
    return SIGNS.sub(r"\\\1", " ".join(text.split()))


def page(compared: Sequence[Side], remedy: str) -> str:
    """The comparison as one page, with its figures inside; arguments as for `markdown`."""
    curves = None
    if any(side.curves for side in compared):
        curves = Figure(_curves(compared, LIGHT), _curves(compared, DARK), DPI)
    return render(
        TEMPLATE,
        title=" / ".join(side.name for side in compared),
        compared=compared,
        verdicts=verdicts(compared),
        missing=missing(compared, remedy),
        runs=runs_table(compared),
        params=params_table(compared),
        metrics=metrics_table(compared),
        curves=curves,
        pictures=[
            (name, [(side.outcomes[0].name, _picture(side, name)) for side in compared])
            for name in PICTURES
        ],
    )


def _picture(side: Side, name: str) -> Figure | None:
    """A picture of the side's first run; None if it is not at hand, or cannot be read."""
    first = side.outcomes[0]
    image, dpi = first.pictures.get(name), first.params.get("report.dpi")
    if image is None or not _readable(image):
        return None
    dpi = dpi if type(dpi) is int and dpi > 0 else DPI
    return Figure(image, None, drawn_at(name, dpi))


def _readable(image: bytes) -> bool:
    """Whether it is a picture: a run may hold an empty file, or what Git LFS has in its place."""
    try:
        with Image.open(io.BytesIO(image)) as picture:
            picture.verify()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _curves(compared: Sequence[Side], theme: Theme) -> bytes:
    """L_t of all sides: colours first, then dashes, tell them apart."""
    colours = (theme.own, theme.cross, *COLOURS)
    lines = []
    for index, side in enumerate(compared):
        dash, colour = divmod(index, len(colours))
        style = {"color": colours[colour], "linestyle": DASHES[dash % len(DASHES)]}
        label = side.name.replace("$", r"\$")  # else a formula; and "_" at the start hides a label
        lines.append(Line(f" {label}", side.curves, "transfer", style))
    with themed(theme):
        return lines_figure(lines, theme, DPI)
