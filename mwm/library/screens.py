"""Screens of a Gymnasium environment to the packed frames that the pipeline makes of them."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.frames.background import SAMPLES, most_frequent
from mwm.frames.pooling import any_pool
from mwm.frames.preprocessing import BLOCK
from mwm.io.bits import as_array, described
from mwm.io.frames import FRAME_BYTES
from mwm.library.arguments import is_whole
from mwm.library.layout import WHITE, Layout, layout_of
from mwm.settings.lines import brief

Colours = Literal["rgb", "grayscale", "palette"]


def frames_of(
    game: str, screens: Any, *, colours: Colours | None = None, background: Any = None
) -> NDArray[np.uint8]:
    """Binary frames of screens: a pixel is on where the screen differs from the background.

    The screens are cropped to the game's playing field as `mwm/rollouts/games.yaml` has it,
    compared with the background and shrunk to 64 x 64 by any-pooling. A frame has the bytes that
    the pipeline gives to the same screen. In grayscale an object as bright as the background is
    lost: prefer RGB.

    Args:
        game: Gymnasium id, "ALE/Pong-v5".
        screens: uint8, the emulator's own size: (n, 210, 160, 3) or (210, 160, 3) as observations
            are by default; (n, 210, 160) or (210, 160), of `obs_type="grayscale"` or palette
            values from `ale.getScreen()`. NumPy's, PyTorch's or a list of them.
        colours: "rgb", "grayscale" or "palette". Default: RGB with an axis of three; else
            whichever of the other two makes more of the playing field background.
        background: what a pixel that shows nothing looks like, in the screens' own colours, whole
            numbers from 0 to 255: one colour, or a picture of the whole screen from
            `background_of`. Default: the game's entry in games.yaml.

    Returns:
        (n, 512) uint8 packed, n = 1 for one screen. `mwm.unpack` makes pictures of them.

    Raises:
        UsageError: an unknown game, screens or a background of another shape, dtype or range,
            colours that do not fit the screens, no background for the game, or a screen without
            any (Pong's first one after a reset has other colours).
    """
    layout = layout_of(game)
    array = _checked(layout, screens)
    rows, columns = layout.field
    field = array[:, rows, columns]
    fit, given = _fitting(colours, array), background is not None
    behind = _cropped(layout, array, background) if given else _listed(layout, field, fit)
    frames = np.empty((len(field), FRAME_BYTES), np.uint8)
    for start in range(0, len(field), BLOCK):
        differs = field[start : start + BLOCK] != behind
        masks = differs.any(axis=3) if differs.ndim == 4 else differs
        if not given and (blank := masks.all(axis=(1, 2))).any():
            raise UsageError(
                f"frames_of: screens[{start + int(blank.argmax())}]: expected the background "
                f"{behind.tolist()} somewhere, found it nowhere; leave out screens with other "
                "colours, such as Pong's first one after a reset"
            )
        frames[start : start + BLOCK] = any_pool(masks)
    return frames


def background_of(game: str, screens: Any) -> NDArray[np.uint8]:
    """The most frequent colour of each pixel, for games without a background in games.yaml.

    Find it once, in screens of many moments, and use it for all frames that a model is to see. At
    most 512 screens are read, evenly spread; of two colours that are equally frequent the lower
    one counts.

    Args:
        game: Gymnasium id, "ALE/Breakout-v5".
        screens: as in `frames_of`.

    Returns:
        (210, 160, 3) uint8 for RGB, (210, 160) for others: the `background` of `frames_of`.

    Raises:
        UsageError: an unknown game, or screens of another shape or dtype.
    """
    array = _checked(layout_of(game), screens)
    if not len(array):
        raise UsageError("background_of: expected one screen or more, found none")
    count = min(SAMPLES, len(array))
    sample = array[np.arange(count) * len(array) // count]
    if sample.ndim == 3:
        return most_frequent(sample)
    shifts = np.array([16, 8, 0], np.int32)
    numbers = most_frequent((sample.astype(np.int32) << shifts).sum(axis=3, dtype=np.int32))
    return (numbers[..., None] >> shifts & 255).astype(np.uint8)


def _checked(layout: Layout, screens: Any) -> NDArray[np.uint8]:
    """(n, height, width, 3) or (n, height, width) uint8."""
    array, (height, width) = as_array(screens), layout.shape
    if array.shape in (layout.shape, (*layout.shape, 3)):
        array = array[None]
    if array.dtype != np.uint8 or array.shape[1:] not in (layout.shape, (*layout.shape, 3)):
        advice = "; give the emulator's own screens, not resized or stacked ones"
        if array.shape[1:] == (3, height, width):
            advice = "; write screens.transpose(0, 2, 3, 1)"
        elif array.shape[1:] in (layout.shape, (*layout.shape, 3)):
            advice = "; give whole numbers from 0 to 255 as uint8"
        raise UsageError(
            f"screens: expected uint8 (n, {height}, {width}, 3) or "
            f"(n, {height}, {width}), found {described(array)}{advice}"
        )
    return array


def _fitting(colours: Colours | None, array: NDArray[np.uint8]) -> list[str]:
    """What the colours of these screens may be: what the caller says, or what their shape tells."""
    fit = ["rgb"] if array.ndim == 4 else ["grayscale", "palette"]
    if colours is None:
        return fit
    if not isinstance(colours, str) or colours not in fit:
        raise UsageError(
            f"frames_of: colours: expected {' or '.join(fit)} for screens of this shape, "
            f"found {brief(colours)}"
        )
    return [colours]


def _listed(layout: Layout, field: NDArray[np.uint8], fit: list[str]) -> NDArray[np.uint8]:
    """The background of games.yaml in the colours of these screens."""
    if layout.background is None:
        raise UsageError(
            f"frames_of: {layout.game}: expected a background, found none in games.yaml; write "
            f'background=mwm.background_of("{layout.game}", many_screens)'
        )
    known = [getattr(layout.background, way) for way in fit]
    return max(known, key=lambda colour: _share(field, colour))


def _share(field: NDArray[np.uint8], colour: NDArray[np.uint8]) -> int:
    """In how many pixels this colour is seen."""
    return int(np.count_nonzero(field == colour))


def _cropped(layout: Layout, array: NDArray[np.uint8], background: Any) -> NDArray[np.uint8]:
    """A caller's background: one colour, or the part of a picture that is the playing field."""
    behind, screen = as_array(background), array.shape[1:]
    if behind.shape not in (screen, screen[2:]):
        raise UsageError(
            f"frames_of: background: expected one colour, {screen[2:]}, or a picture, {screen}, "
            f"found {described(behind)}"
        )
    if not is_whole(behind) or behind.min() < 0 or behind.max() > WHITE:
        found = f"{behind.min()} to {behind.max()}" if is_whole(behind) else described(behind)
        raise UsageError(  # every pixel would differ from it
            f"frames_of: background: expected whole numbers from 0 to {WHITE}, as screens have, "
            f"found {found}"
        )
    behind = behind.astype(np.uint8)
    return behind[layout.field] if behind.shape == screen else behind
