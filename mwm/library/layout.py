"""How a game's screen is laid out: its size, playing field, background and objects."""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.rollouts import games
from mwm.rollouts.emulator import Emulator
from mwm.settings.lines import brief

WHITE = 255  # the most that a palette value, or a number of a colour, can be
WAIT = 60  # steps of 4 emulated frames, within which a game shows its background


class Colour(NamedTuple):
    """One colour of the emulator, in the three ways in which a screen may show it."""

    rgb: NDArray[np.uint8]
    grayscale: NDArray[np.uint8]
    palette: NDArray[np.uint8]


@dataclass(frozen=True)
class Layout:
    """How a game's screen is laid out, and what moves on it.

    Attributes:
        game: Gymnasium id.
        shape: (height, width) of the emulator's screen.
        field: rows and columns of the playing field.
        background: its colour; None if games.yaml has none.
        action_names: the game's minimal action set.
        objects: name to [top, left, bottom, right] in the 64 x 64 frame, half open.
    """

    game: str
    shape: tuple[int, int]
    field: tuple[slice, slice]
    background: Colour | None
    action_names: list[str]
    objects: dict[str, list[int]]


def layout_of(game: str) -> Layout:
    """What games.yaml and the emulator say of a game.

    Raises:
        UsageError: there is no such game, or its entry in games.yaml does not fit.
    """
    if not isinstance(game, str):
        raise UsageError(f"game: expected a Gymnasium id, such as ALE/Pong-v5, found {brief(game)}")
    return _layout_of(game)


@cache
def _layout_of(game: str) -> Layout:
    entry = games.find(game, where="game")
    emulator = Emulator(game)
    for name, span, size in zip(
        ("rows", "columns"), (entry.rows, entry.columns), emulator.shape, strict=True
    ):
        if span and span[1] > size:
            raise UsageError(
                f"{games.TABLE}: {game}: {name}: expected at most {size}, the screen's size, found "
                f"{span[1]}"
            )
    rows, columns = (slice(*(span or (None,))) for span in (entry.rows, entry.columns))
    known = None if entry.background is None else _colour(emulator, game, entry.background)
    return Layout(
        game, emulator.shape, (rows, columns), known, emulator.action_names, entry.objects
    )


def _colour(emulator: Emulator, game: str, value: int) -> Colour:
    """A palette value as RGB and gray, read off a screen that shows it: ale-py has no palette."""
    emulator.reset()
    for _ in range(WAIT):
        found = np.argwhere(emulator.screen() == value)
        if len(found):
            row, column = found[0]
            rgb, gray = emulator.pictures()
            return Colour(rgb[row, column], gray[row, column], np.array(value, np.uint8))
        emulator.act(0, 4)
    raise UsageError(
        f"{games.TABLE}: {game}: background: expected a colour of its first screens, found that "
        f"none has the palette value {value}"
    )
