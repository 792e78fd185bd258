"""Pieces of HTML: documents, figures, names of worlds, numbers, and tables."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

from mwm.reporting.results import Pairs, Row
from mwm.reporting.style import SYMBOLS, rounded_down

DOCUMENT = Path(__file__).with_name("document.html")
WORDS = ' class="words"'  # of a cell that is not a number

Drawn = Mapping[str, tuple[bytes, bytes]]  # figure: PNG or GIF for light and for dark paper
Said = Mapping[str, tuple[str, str]]  # figure: what stands in its place unseen, and its caption


def document(title: str, template: Path, **parts: str) -> str:
    """A whole page: the body is `template`, filled with `title` and `parts`."""
    body = Template(template.read_text(encoding="utf-8")).substitute(parts, title=title)
    return Template(DOCUMENT.read_text(encoding="utf-8")).substitute(title=title, body=body)


def figures(drawn: Drawn, said: Said) -> dict[str, str]:
    """Every figure on paper of the reader's colour, with what to see in it."""
    return {name: _figure(*drawn[name], *said[name]) for name in drawn}


def _figure(light: bytes, dark: bytes, alternative: str, caption: str) -> str:
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{_inline(dark)}">'
        f"{image(light, alternative)}</picture><figcaption>{caption}</figcaption></figure>"
    )


def image(content: bytes, alternative: str, width: int | None = None) -> str:
    """A PNG or GIF within the page, and what stands in its place unseen; `width` in pixels."""
    size = "" if width is None else f' width="{width}"'
    return f'<img src="{_inline(content)}" alt="{escape(alternative)}"{size}>'


def _inline(content: bytes) -> str:
    return f"data:image/{kind(content)};base64,{base64.b64encode(content).decode()}"


def kind(content: bytes) -> str:
    """What an image is: "gif" or "png"."""
    return "gif" if content.startswith(b"GIF8") else "png"


def symbol(world: str) -> str:
    """Γ with its index, or the name of a world for which the paper has no symbol."""
    return f"Γ<sub>{SYMBOLS[world]}</sub>" if world in SYMBOLS else escape(world)


def label(world: str) -> str:
    """A world's symbol and name."""
    return f"{symbol(world)} {escape(world)}" if world in SYMBOLS else escape(world)


def pair(row: Row) -> str:
    """From where to where."""
    return f"{symbol(row.source)} → {symbol(row.target)}"


def share(value: float | None) -> str:
    """An alignment or an F1, rounded down so that no threshold seems reached that is not."""
    return "–" if value is None else rounded_down(value, 3)


def pixels(value: float | None) -> str:
    """A squared error or a distance."""
    return "–" if value is None else f"{value:,.2f}"


def percent(value: float | None) -> str:
    """A share of frames."""
    return "–" if value is None else f"{100 * value:.0f}%"


def head(*groups: tuple[str, Sequence[str]]) -> str:
    """Two rows of column heads: groups, and the columns of each.

    A group without a name holds words, not numbers; a group without columns is left out.
    """
    above, below = "", ""
    for name, columns in groups:
        if columns:
            above += f'<th colspan="{len(columns)}" scope="colgroup">{name}</th>'
        for column in columns:
            below += f'<th scope="col"{"" if name else WORDS}>{column}</th>'
    return f"<thead><tr>{above}</tr><tr>{below}</tr></thead>"


def line(name: str, cells: Iterable[str], words: str | None = None) -> str:
    """A row of a table: its name, cells with numbers, and at its end perhaps words."""
    numbers = "".join(f"<td>{cell}</td>" for cell in cells)
    last = "" if words is None else f"<td{WORDS}>{words}</td>"
    return f'<tr><th scope="row">{name}</th>{numbers}{last}</tr>'


def table(titles: str, pairs: Pairs, rows: Sequence[Row], told: Callable[[Row], str]) -> str:
    """A table with a body per model, which is named where there are several."""
    bodies, width = [], titles.count('scope="col"')
    for model in pairs.models:
        lines = [told(row) for row in rows if row.model == model]
        if len(pairs.models) > 1:
            name = f'<th colspan="{width}" scope="rowgroup">model {escape(model)}</th>'
            lines.insert(0, f'<tr class="group">{name}</tr>')
        bodies.append(f"<tbody>{''.join(lines)}</tbody>")
    return wide(titles, "".join(bodies))


def wide(titles: str, bodies: str) -> str:
    """A table that scrolls by itself where the window is too narrow for it."""
    return f'<div class="wide"><table>{titles}{bodies}</table></div>'


def section(title: str, words: str, content: str) -> str:
    """A part of a page: its title, what to know, and what there is to see."""
    return f"<section><h2>{title}</h2><p>{words}</p>{content}</section>"
