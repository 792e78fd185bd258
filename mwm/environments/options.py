"""What the environments can be made with, checked at the door; and the background of a game."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mwm import UsageError
from mwm.environments.console import Setup
from mwm.frames.background import find_background
from mwm.io.bits import as_array, described
from mwm.io.frames import FRAME_BYTES, SIDE, read_frames
from mwm.io.rollouts import opening
from mwm.library.layout import Layout, layout_of

MOST_FRAMES = 60  # per step, a second


def setup_of(
    game: str,
    frame_skip: int,
    repeat_action_probability: float,
    noop_max: int,
    background: Any,
) -> Setup:
    """What a game is played with, of the options of an environment.

    Raises:
        UsageError: an unknown game, an option out of range, or no background.
    """
    layout = layout_of(game)
    check_whole("frame_skip", frame_skip, 1, MOST_FRAMES)
    check_whole("noop_max", noop_max, 0)
    chance = repeat_action_probability
    if not isinstance(chance, int | float) or not 0 <= chance < 1:
        raise UsageError(
            f"repeat_action_probability: expected a number from 0 to below 1, found {chance!r}"
        )
    rows, columns = layout.field
    shape = (len(range(layout.shape[0])[rows]), len(range(layout.shape[1])[columns]))
    behind = _background(layout, shape, background)
    return Setup(game, layout.field, shape, behind, frame_skip, float(chance), noop_max)


def check_whole(what: str, number: Any, least: int, most: int | None = None) -> None:
    """Refuse what is not a whole number within the bounds.

    Raises:
        UsageError: it is not.
    """
    fits = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not fits or number < least or (most is not None and number > most):
        to = "" if most is None else f" to {most}"
        raise UsageError(f"{what}: expected a whole number from {least}{to}, found {number!r}")


def observation_space(packed: bool) -> spaces.Box:
    """The space of one observation: a picture of 0 and 1, or its packed bits."""
    if packed:
        return spaces.Box(0, 255, (FRAME_BYTES,), np.uint8)
    return spaces.Box(0, 1, (SIDE, SIDE), np.uint8)


def pipeline_background(data: str | PathLike[str] = "data") -> NDArray[np.uint8]:
    """The background that `preprocess` found for a game that games.yaml does not list.

    Args:
        data: folder with the rollouts.h5 and frames.h5 of a pipeline.

    Returns:
        (height, width) palette values of the playing field: the option `background`.

    Raises:
        ArtefactError: a file is missing, damaged or of another kind.
    """
    folder = Path(data)
    split = read_frames(folder / "frames.h5").split
    with opening(folder / "rollouts.h5") as rollouts:
        return find_background(rollouts, np.flatnonzero(split == 0))


def _background(layout: Layout, field: tuple[int, int], given: Any) -> NDArray[np.uint8]:
    """Palette values of the playing field where it shows nothing, () or (height, width)."""
    if given is None:
        if layout.background is None:
            raise UsageError(
                f"{layout.game}: expected a background, found none in games.yaml; write "
                "background=, which docs/environments.md shows how to find"
            )
        return layout.background.palette
    behind = as_array(given)
    if behind.shape == layout.shape:
        behind = behind[layout.field]
    whole = np.issubdtype(behind.dtype, np.integer)
    if not whole or behind.shape not in ((), field) or behind.min() < 0 or behind.max() > 255:
        raise UsageError(
            f"background: expected a palette value from 0 to 255, or a picture of them, "
            f"{layout.shape} or {field}, found {described(behind)}; find it in screens of "
            "ale.getScreen(), which have no colours"
        )
    return behind.astype(np.uint8)
