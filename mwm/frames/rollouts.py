"""rollouts.h5 as preprocessing reads it: checked at the door, then chunk by chunk."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from mwm import MwmError, store


@dataclass(frozen=True)
class Rollouts:
    """An open rollouts.h5, whose chunks several threads may read at once.

    Attributes:
        path: where it is.
        screens: per episode, (steps, height, width) uint8 palette values of the playing field.
        actions: (n,) uint8, index into the minimal action set, of all episodes' steps.
        episode_offsets: (episodes + 1,) int64; episode e is actions[offsets[e]:offsets[e + 1]].
        attributes: how the episodes were played.
    """

    path: Path
    screens: list[h5py.Dataset]
    actions: NDArray[np.uint8]
    episode_offsets: NDArray[np.int64]
    attributes: dict[str, Any]

    @property
    def field(self) -> tuple[int, int]:
        """(height, width) of the playing field."""
        height, width = self.screens[0].shape[1:]
        return height, width

    def chunk_starts(self, episode: int) -> range:
        """The steps at which the episode's chunks start."""
        steps, chunk = self.screens[episode].shape[0], self.screens[episode].chunks[0]
        return range(0, steps, chunk)

    def chunk(self, episode: int, start: int) -> NDArray[np.uint8]:
        """The (steps, height, width) screens of the chunk that starts at step `start`.

        zlib-ng and not h5py: a tenth of the time, and threads do not wait for one another.

        Raises:
            MwmError: the chunk is damaged.
        """
        dataset = self.screens[episode]
        try:
            _, deflated = dataset.id.read_direct_chunk((start, 0, 0))
            size = math.prod(dataset.chunks)
            raw = zlib_ng.decompress(deflated, bufsize=size + 1)  # one more, or it is doubled
            screens = np.frombuffer(raw, np.uint8).reshape(dataset.chunks)
        except (OSError, RuntimeError, ValueError, zlib_ng.error) as error:  # type: ignore[misc]
            raise MwmError(
                f"{self.path}: {dataset.name}: damaged at step {start}: {error}; {store.REMAKE}"
            ) from None
        return screens[: dataset.shape[0] - start]


@contextmanager
def opening(path: Path | str) -> Iterator[Rollouts]:
    """Open rollouts.h5.

    Raises:
        MwmError: missing, truncated, foreign, or with a dataset of another shape, dtype or range.
    """
    with store.reading_h5(path, "rollouts") as file:
        offsets = store.read_array(file, "episode_offsets", np.int64, (None,))
        steps = np.diff(offsets)
        if not len(steps) or offsets[0] != 0 or steps.min() < 1:
            raise MwmError(
                f"{path}: episode_offsets: expected to rise from 0, "
                f"found {offsets[:3].tolist()}..; {store.REMAKE}"
            )
        actions = store.read_array(file, "actions", np.uint8, (int(offsets[-1]),))
        names = [f"screens/{episode:06d}" for episode in range(len(steps))]
        _check_screens(file, names, steps.tolist())
        attributes = {name: file.attrs[name] for name in file.attrs if name != "kind"}
        _check_attributes(path, attributes, int(actions.max()))
        yield Rollouts(Path(path), [file[name] for name in names], actions, offsets, attributes)


def _check_attributes(path: Path | str, attributes: dict[str, Any], last_action: int) -> None:
    """The attributes that are read here or by those who read the frames: JSON of the right form."""
    forms: list[tuple[str, str, Callable[[Any], bool]]] = [
        ("action_names", f"over {last_action} names", lambda x: len(x) > last_action),
        ("background", "null or 0..255", lambda x: x is None or x in range(256)),
        ("objects", "boxes by name", lambda x: isinstance(x, dict)),
    ]
    for name, expected, fits in forms:
        found = attributes.get(name, "none")
        try:
            fit = fits(json.loads(found))
        except (TypeError, ValueError):
            fit = False
        if not fit:
            raise MwmError(
                f"{path}: attribute {name}: expected {expected} in JSON, found {found}; "
                f"{store.REMAKE}"
            )


def _check_screens(file: h5py.File, names: list[str], steps: list[int]) -> None:
    """Every episode's screens, of one size that can be pooled, in the chunks that we read."""
    store.check_dataset(file, names[0], np.uint8, (steps[0], None, None))
    height, width = file[names[0]].shape[1:]
    for name, count in zip(names, steps, strict=True):
        store.check_dataset(file, name, np.uint8, (count, height, width))
        dataset = file[name]
        if dataset.compression != "gzip" or dataset.chunks[1:] != (height, width):
            raise MwmError(
                f"{file.filename}: {name}: expected gzip chunks of whole screens, "
                f"found {dataset.compression} {dataset.chunks}; {store.REMAKE}"
            )
    if min(height, width) < store.SIDE:
        raise MwmError(
            f"{file.filename}: {names[0]}: expected screens of at least {store.SIDE} x "
            f"{store.SIDE} pixels, found {height} x {width}; {store.REMAKE}"
        )
