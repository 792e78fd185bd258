"""Foreign plays: episodes of another player, to test on what no world was trained on."""

import io
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import ArtefactError, MwmError, UsageError
from mwm.io import system
from mwm.io.files import read_bytes
from mwm.io.frames import FRAME_BYTES, SPLITS, Frames, check_ranges

ARRAYS = {"frames": (np.uint8, 2), "actions": (np.uint8, 1), "episode_offsets": (np.int64, 1)}


def read_plays(path: Path | str, original: Frames) -> Frames:
    """Read an .npz file of plays (plays/README.md) as frames of the original.

    Args:
        path: of the file.
        original: the game, actions and objects that they must be of.

    Returns:
        All episodes are test episodes.

    Raises:
        MwmError: missing, damaged, of another game, or with arrays of another shape, dtype, range.
    """
    check_game(path, original.attributes["game"])
    found = _arrays(path, ARRAYS)
    for name, (dtype, axes) in ARRAYS.items():
        array = found[name]
        if array.dtype != dtype or array.ndim != axes:
            raise _misshapen(path, name, f"{np.dtype(dtype)} of {axes} axes", array)
    frames, actions, offsets = (found[name] for name in ARRAYS)
    if frames.shape != (len(actions), FRAME_BYTES):
        raise _misshapen(path, "frames", f"uint8 ({len(actions)}, {FRAME_BYTES})", frames)
    split = np.full(max(len(offsets) - 1, 0), SPLITS.index("test"), np.uint8)
    plays = replace(original, frames=frames, actions=actions, episode_offsets=offsets, split=split)
    check_ranges(path, plays)
    return plays


def check_game(path: Path | str, game: str) -> None:
    """Refuse a file of plays of another game.

    Raises:
        MwmError: missing or damaged.
        UsageError: of another game.
    """
    found = str(_arrays(path, ["game"])["game"][0])
    if found != game:
        raise UsageError(
            f"{path}: expected plays of {game}, found those of {found}; name others in "
            "evaluate.plays, or null for none"
        )


def shown_in(world: Frames, plays: Frames) -> Frames:
    """The original's `plays` as `world` shows them, by its own pixel map and inversion."""
    return replace(
        world,
        frames=world.show(plays.frames),
        actions=plays.actions,
        episode_offsets=plays.episode_offsets,
        split=plays.split,
    )


def _arrays(path: Path | str, names: Collection[str]) -> dict[str, NDArray[Any]]:
    """The arrays by name; what has no axes gets one."""
    content = io.BytesIO(read_bytes(path))
    try:
        with np.load(content, allow_pickle=False) as file:
            return {name: np.atleast_1d(file[name]) for name in names}
    except Exception as error:  # zipfile, zlib and NumPy have a dozen kinds for damaged bytes
        if said := system.told(error):
            raise MwmError(f"{path}: cannot be read: {said}") from None
        listed, told = ", ".join(names), " ".join(str(error).split())
        raise ArtefactError(f"{path}: expected .npz with {listed}, found: {told}") from None


def _misshapen(path: Path | str, name: str, expected: str, found: NDArray[Any]) -> ArtefactError:
    return ArtefactError(f"{path}: {name}: expected {expected}, found {found.dtype} {found.shape}")
