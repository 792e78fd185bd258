"""A comparison as a page with figures, and as Markdown for a terminal or a pull request."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from mwm.reporting.charts import Line, lines_figure
from mwm.reporting.comparison import (
    Side,
    Table,
    metrics_table,
    missing,
    params_table,
    verdicts,
)
from mwm.reporting.markup import document, figures, image, line, wide
from mwm.reporting.outcome import PICTURES
from mwm.reporting.style import DARK, LIGHT, Theme, themed

TEMPLATE = Path(__file__).with_name("compare.html")
COLOURS = ("#009E73", "#CC79A7", "#999999")  # beside a theme's two; Okabe and Ito's
DASHES = ("-", (0, (2.5, 1.2)), (0, (1, 1)))  # of the first five lines, of the next, ...
DPI = 110
WIDTH = 960  # of a row of pictures, in pixels; of more than three runs the row scrolls
CURVES = (
    "A column per run: above from the original to the variant, below back. L<sub>t</sub>, the "
    "squared error of what one world's V decodes from the other's code, on validation episodes. "
    "Of several seeds the median, on a band from the least to the greatest."
)


def markdown(compared: Sequence[Side]) -> str:
    """The comparison without figures: verdicts, params that differ, metrics."""
    parts = ["\n".join(f"- {told}" for told in verdicts(compared))]
    for titles, rows in (params_table(compared), metrics_table(compared)):
        if rows:
            rule = ["---", *("---:" for _ in titles[1:])]
            parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows)))
    return "\n\n".join([*parts, *missing(compared)]) + "\n"


def page(compared: Sequence[Side]) -> str:
    """The comparison as one page, with its figures inside."""
    curves = "<p>No curves are at hand.</p>"
    if any(side.curves for side in compared):
        drawn = {"curves": (_curves(compared, LIGHT), _curves(compared, DARK))}
        curves = figures(drawn, {"curves": ("Errors during training", CURVES)})["curves"]
    return document(
        " / ".join(escape(side.name) for side in compared),
        TEMPLATE,
        verdicts=_paragraphs("lead", verdicts(compared)),
        missing=_paragraphs("note", missing(compared)),
        params=_table(params_table(compared)),
        metrics=_table(metrics_table(compared)),
        curves=curves,
        pictures=_pictures(compared),
    )


def _curves(compared: Sequence[Side], theme: Theme) -> bytes:
    """L_t of all sides: colours first, then dashes, tell them apart."""
    colours = (theme.own, theme.cross, *COLOURS)
    lines = []
    for index, side in enumerate(compared):
        dash, colour = divmod(index, len(colours))
        style = {"color": colours[colour], "linestyle": DASHES[dash % len(DASHES)]}
        lines.append(Line(side.name, side.curves, "transfer", style))
    with themed(theme):
        return lines_figure(lines, theme, DPI)


def _pictures(compared: Sequence[Side]) -> str:
    """A row for each of PICTURES, of every side the first run's."""
    width = max(WIDTH // len(compared), WIDTH // 3)
    rows = [
        line(
            picture,
            [
                image(found, f"{picture} of {side.name}", width)
                if (found := side.outcomes[0].pictures.get(picture))
                else "not at hand"
                for side in compared
            ],
        )
        for picture in PICTURES
    ]
    return wide(_head(["", *(side.name for side in compared)]), "".join(rows))


def _table(table: Table) -> str:
    titles, rows = table
    if not rows:
        return "<p>None differs.</p>"
    lines = (line(escape(name), map(escape, cells)) for name, *cells in rows)
    return wide(_head(titles), f"<tbody>{''.join(lines)}</tbody>")


def _head(titles: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    return f"<thead><tr>{cells}</tr></thead>"


def _paragraphs(kind: str, sentences: Sequence[str]) -> str:
    return "".join(f'<p class="{kind}">{escape(told)}</p>' for told in sentences)
