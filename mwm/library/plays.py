"""Episodes as `Frames`: read from the pipeline's files, or made of the caller's own frames."""

import json
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from typing import Any

import numpy as np

from mwm import UsageError
from mwm.io import frames as files
from mwm.io.bits import pack
from mwm.io.frames import FRAME_BYTES, SIDE, SPLITS, Frames
from mwm.library.arguments import actions as checked_actions
from mwm.library.arguments import path_of
from mwm.library.layout import layout_of
from mwm.settings.base import ORIGINAL
from mwm.settings.lines import brief


def read_frames(path: str | PathLike[str]) -> Frames:
    """The frames, actions and episodes of a world's file, such as data/worlds/mirror.h5.

    Raises:
        UsageError: `path` is no path.
        ArtefactError: the file is missing, damaged or of another kind.
    """
    return files.read_frames(path_of("read_frames", path), "world")


def episodes_of(game: str, episodes: Iterable[tuple[Any, Any]]) -> Frames:
    """Episodes of your own as `Frames` of the original: what `judge` and `World.make` take.

    All episodes are test episodes: no model may have been trained on them.

    Args:
        game: Gymnasium id, "ALE/Pong-v5"; gives the objects' places and the actions' names.
        episodes: pairs of frames, (n, 64, 64) bool or (n, 512) uint8 packed, of the original, and
            actions, (n,) integers: the action after each frame, an index into the game's minimal
            action set (as `env.step` takes it). The last frame's action is never used.

    Raises:
        UsageError: an unknown game, no episode, others than pairs, arrays of another shape or
            dtype, or an action that the game does not have.
    """
    layout = layout_of(game)
    frames, actions = [], []
    for shown, taken in _pairs(episodes):
        packed = pack(shown)
        if packed.ndim != 2 or not len(packed):
            raise UsageError(
                f"episodes_of: expected frames of successive moments, (n, 64, 64) bool or "
                f"(n, 512) uint8, found {packed.shape[:-1]} frames"
            )
        frames.append(packed)
        actions.append(checked_actions(taken, (), len(packed), len(layout.action_names)))
    if not frames:
        raise UsageError("episodes_of: expected one episode or more, found none")
    return Frames(
        frames=np.concatenate(frames),
        actions=np.concatenate(actions).astype(np.uint8),
        episode_offsets=np.cumsum([0, *map(len, frames)], dtype=np.int64),
        split=np.full(len(frames), SPLITS.index("test"), np.uint8),
        pixel_map=np.arange(SIDE * SIDE, dtype=np.uint16),
        inverted=np.zeros(FRAME_BYTES, np.uint8),
        attributes={
            "game": game,
            "world": ORIGINAL,
            "action_names": json.dumps(layout.action_names),
            "objects": json.dumps(layout.objects),
        },
    )


def _pairs(episodes: Any) -> Iterator[tuple[Any, Any]]:
    """Episode by episode its frames and actions, whatever holds them."""
    advice = "; write [(frames, actions)] for one"
    try:
        each = None if isinstance(episodes, str | Mapping) else iter(episodes)
    except TypeError:  # a number, or an array of one alone
        each = None
    if each is None:
        raise UsageError(
            f"episodes_of: expected pairs of frames and actions, found {brief(episodes)}{advice}"
        )
    for number, episode in enumerate(each):
        if not isinstance(episode, list | tuple) or len(episode) != 2:
            raise UsageError(
                f"episodes_of: episode {number}: expected a pair of frames and actions, found "
                f"{brief(episode)}{advice}"
            )
        yield episode[0], episode[1]
