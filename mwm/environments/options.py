"""What the environments can be made with, checked at the door; and the background of a game."""

from collections.abc import Mapping
from os import PathLike
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
from mwm.library.arguments import check_flag, check_whole, is_integer, is_whole, path_of
from mwm.library.layout import WHITE, Layout, layout_of
from mwm.settings.lines import brief

MOST_FRAMES = 60  # per step, a second
MOST_NOOPS = 10**6  # an hour's wait
RENDER_MODES = ["rgb_array"]


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
    frame_skip = check_whole("frame_skip", frame_skip, 1, MOST_FRAMES)
    noop_max = check_whole("noop_max", noop_max, 0, MOST_NOOPS)
    chance = repeat_action_probability
    number = is_integer(chance) or isinstance(chance, float | np.floating)
    if not number or not 0 <= chance < 1:
        raise UsageError(
            f"repeat_action_probability: expected a number from 0 to below 1, found {brief(chance)}"
        )
    rows, columns = layout.field
    shape = (len(range(layout.shape[0])[rows]), len(range(layout.shape[1])[columns]))
    behind = _background(layout, shape, background)
    return Setup(game, layout.field, shape, behind, frame_skip, float(chance), noop_max)


def check_render_mode(mode: Any) -> str | None:
    """A render mode as it is, if the environments know it.

    Raises:
        UsageError: it is neither "rgb_array" nor None.
    """
    if mode is not None and (not isinstance(mode, str) or mode not in RENDER_MODES):
        raise UsageError(
            f"render_mode: expected {' or '.join(map(repr, RENDER_MODES))} or None, found "
            f"{brief(mode)}"
        )
    return mode


def seed_of(seed: Any, what: str = "seed") -> int | None:
    """A seed of chance as Gymnasium takes it, or None: chance goes on as it was.

    Raises:
        UsageError: it is no whole number, or below 0; there is no largest one.
    """
    return None if seed is None else check_whole(what, seed, 0)


def reset_mask_of(options: Any, count: int) -> NDArray[np.bool_]:
    """Which of `count` games are to be reset, by the options of `reset`; a copy.

    Other options are left to others: wrappers may have some of their own.

    Raises:
        UsageError: the options are no mapping, or the mask is of another shape or dtype.
    """
    check_options(options)
    mask = as_array((options or {}).get("reset_mask", np.ones(count, np.bool_)))
    if mask.shape != (count,) or mask.dtype != np.bool_:
        raise UsageError(f"reset_mask: expected bool ({count},), found {described(mask)}")
    return mask.copy()


def check_options(options: Any) -> None:
    """Refuse options of `reset` that are no options by name.

    Raises:
        UsageError: they are not.
    """
    if options is not None and not isinstance(options, Mapping):
        raise UsageError(f"options: expected a mapping, found {brief(options)}")


def observation_space(packed: bool) -> spaces.Box:
    """The space of one observation: a picture of 0 and 1, or its packed bits.

    Raises:
        UsageError: `packed` is neither True nor False.
    """
    if check_flag("packed", packed):
        return spaces.Box(0, 255, (FRAME_BYTES,), np.uint8)
    return spaces.Box(0, 1, (SIDE, SIDE), np.uint8)


def pipeline_background(data: str | PathLike[str] = "data") -> NDArray[np.uint8]:
    """The background that `preprocess` found for a game that games.yaml does not list.

    Args:
        data: folder with the rollouts.h5 and frames.h5 of a pipeline.

    Returns:
        (height, width) palette values of the playing field: the option `background`.

    Raises:
        UsageError: `data` is no path.
        ArtefactError: a file is missing, damaged or of another kind.
    """
    folder = path_of("pipeline_background", data)
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
    fits = is_whole(behind) and behind.shape in ((), field)
    if not fits or behind.min() < 0 or behind.max() > WHITE:
        found = described(behind)
        if fits:
            found = f"{behind.min()} to {behind.max()}" if behind.shape else brief(given)
        raise UsageError(
            f"background: expected a palette value from 0 to 255, or a picture of them, "
            f"{layout.shape} or {field}, found {found}; find it in screens of "
            "ale.getScreen(), which have no colours"
        )
    return behind.astype(np.uint8)
