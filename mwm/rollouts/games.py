"""What each game's screen looks like, from games.yaml."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from mwm import UsageError
from mwm.io.frames import SIDE
from mwm.rollouts.emulator import known_games
from mwm.settings import lines
from mwm.settings.base import Name, Section
from mwm.settings.faults import faults

TABLE = Path(__file__).with_name("games.yaml")

Byte = Annotated[int, Field(ge=0, le=255)]
Edge = Annotated[int, Field(ge=0, le=SIDE)]


def _rising(span: list[int]) -> list[int]:
    half = len(span) // 2
    if any(first >= last for first, last in zip(span[:half], span[half:], strict=True)):
        raise ValueError("expected each first edge before its last")
    return span


Span = Annotated[list[Byte], Field(min_length=2, max_length=2), AfterValidator(_rising)]
Box = Annotated[list[Edge], Field(min_length=4, max_length=4), AfterValidator(_rising)]


class Game(Section):
    """One game's screen; the defaults hold for games that are not listed.

    Attributes:
        rows, columns: the playing field [first, last) on the emulator's screen; None: all of it.
        background: palette value of the background; None: estimated from the screens.
        objects: name to [top, left, bottom, right) in pixels of the 64 x 64 frame.
    """

    rows: Span | None = None
    columns: Span | None = None
    background: Byte | None = None
    objects: dict[Name, Box] = Field(default_factory=dict)


_ENTRIES = TypeAdapter(dict[str, Game])


def find(name: str, table: Path = TABLE, where: str = "params.yaml: collect.game") -> Game:
    """The entry in `table` of the game with the Gymnasium id `name`, or the defaults.

    A name that is wrong is told as one that stands at `where`.

    Raises:
        UsageError: there is no such game; or the table is no YAML, names a game that does not
            exist, or has an entry with an unknown key or a value out of range.
    """
    known = known_games()
    _check_known(where, name, known)
    data, places = lines.read(table)
    try:
        entries = _ENTRIES.validate_python(data or {})
    except ValidationError as error:
        told = faults(error, places, dict[str, Game])
        raise UsageError("\nerror: ".join(lines.tell(places, *fault) for fault in told)) from None
    for listed in entries:
        _check_known(places[(listed,)], listed, known)
    return entries.get(name, Game())


def _check_known(where: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise UsageError(
            f"{where}: expected one of ale-py's {len(known)} games ALE/*-v5, "
            f"found {name!r}{lines.did_you_mean(name, known)}"
        )
