"""Pages of HTML: Jinja templates, and the tables and images that are put into them."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from mwm.metrics import criterion
from mwm.reporting.shared.words import label

ROOM = Path(__file__).parents[1]  # templates name each other from here
TEMPLATES = Environment(
    loader=FileSystemLoader(ROOM),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

BASE_DPI = 110  # at which a figure has as many pixels as on the page

Groups = Sequence[tuple[str, Sequence[str]]]  # of columns: a name, and the columns


@dataclass(frozen=True)
class Line:
    """A row of a table: its name, perhaps words beside it, and cells with numbers."""

    name: str
    cells: Sequence[str]
    words: str | None = None


@dataclass(frozen=True)
class Body:
    """Some rows of a table, with a title above them where there is one."""

    lines: Sequence[Line]
    title: str | None = None


@dataclass(frozen=True)
class Table:
    """A table with two rows of column heads.

    Attributes:
        groups: a name and the columns below it. Columns of a group without a name hold words, not
            numbers; a group without columns is left out.
        bodies: the rows.
    """

    groups: Groups
    bodies: Sequence[Body]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return sum(len(columns) for _, columns in self.groups)


@dataclass(frozen=True)
class Figure:
    """One figure as PNG or GIF, for readers with a light and perhaps one with a dark screen."""

    light: bytes
    dark: bytes | None
    dpi: int

    @property
    def width(self) -> int:
        """On a screen where there is room, in CSS pixels, whatever its resolution."""
        with Image.open(io.BytesIO(self.light)) as image:
            return round(image.width * BASE_DPI / self.dpi)


def still(image: bytes) -> bytes | None:
    """The moment in the middle of a GIF, as PNG; None if the image does not move."""
    if kind(image) != "gif":
        return None
    moment = io.BytesIO()
    with Image.open(io.BytesIO(image)) as moving:
        moving.seek(getattr(moving, "n_frames", 1) // 2)
        moving.save(moment, "PNG")
    return moment.getvalue()


def render(template: Path, **content: Any) -> str:
    """The page that `template`, a file in this room, makes of `content`."""
    page = TEMPLATES.get_template(template.relative_to(ROOM).as_posix())
    return page.render(content)


def kind(image: bytes) -> str:
    """What an image is: "gif" or "png"."""
    return "gif" if image.startswith(b"GIF8") else "png"


def _inline(image: bytes) -> str:
    """An image as a URL that holds it, so that the page needs no other file."""
    return f"data:image/{kind(image)};base64,{base64.b64encode(image).decode()}"


TEMPLATES.filters |= {"inline": _inline, "label": label, "still": still}
TEMPLATES.globals["thresholds"] = criterion
