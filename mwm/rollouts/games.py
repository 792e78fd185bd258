"""What each game's screen looks like, read from games.yaml: a new game is data, not code."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, Field, ValidationError

from mwm import UsageError
from mwm.params import Section

TABLE = Path(__file__).with_name("games.yaml")

Number = Annotated[int, Field(ge=0, le=255)]


def _rising(span: list[int]) -> list[int]:
    half = len(span) // 2
    if any(first >= last for first, last in zip(span[:half], span[half:], strict=True)):
        raise ValueError(f"expected each first edge before its last, found {span}")
    return span


Span = Annotated[list[Number], Field(min_length=2, max_length=2), AfterValidator(_rising)]
Box = Annotated[list[Number], Field(min_length=4, max_length=4), AfterValidator(_rising)]


class Game(Section):
    """One game's screen; the defaults are those of a game that is not listed.

    Attributes:
        rows, columns: the playing field [first, last) on the emulator's screen; None: all.
        background: palette value of a field pixel that shows nothing; None: to be found.
        objects: name to [top, left, bottom, right) in pixels of the 64 x 64 frame.
    """

    rows: Span | None = None
    columns: Span | None = None
    background: Number | None = None
    objects: dict[str, Box] = {}


def find(name: str, table: Path = TABLE) -> Game:
    """The entry of the game called `name` (a Gymnasium id) in `table`, or the defaults.

    Raises:
        UsageError: the table is no YAML, or the entry has an unknown key or a value out of range.
    """
    try:
        entries = yaml.safe_load(table.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UsageError(f"{table}: expected YAML, found: {' '.join(str(error).split())}") from None
    try:
        return Game.model_validate((entries or {}).get(name, {}))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, (name, *fault["loc"])))
        raise UsageError(f"{table}: {place}: {fault['msg']}, found {fault['input']!r}") from None
