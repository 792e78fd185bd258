"""Read rollouts.h5: checksum and structure first, then the screens chunk by chunk."""

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

from mwm import ArtefactError
from mwm.io.files import reading
from mwm.io.frames import SIDE
from mwm.io.hdf5 import check_attribute, check_dataset, read_array, read_attributes, reading_h5


@dataclass(frozen=True)
class Rollouts:
    """An open rollouts.h5.

    Attributes:
        path: where it is.
        file: open; `screens/<episode>` is (steps, height, width) uint8 palette values of the field.
        field: (height, width) of the playing field.
        actions: (n,) uint8, index into the minimal action set, of all episodes' steps.
        episode_offsets: (episodes + 1,) int64; episode e is actions[offsets[e]:offsets[e + 1]].
        attributes: how the episodes were played.
    """

    path: Path
    file: h5py.File
    field: tuple[int, int]
    actions: NDArray[np.uint8]
    episode_offsets: NDArray[np.int64]
    attributes: dict[str, Any]

    @property
    def steps(self) -> NDArray[np.int64]:
        """(episodes,) lengths."""
        return np.diff(self.episode_offsets)

    def chunks(self, episode: int) -> Iterator[NDArray[np.uint8]]:
        """The episode's screens in order, (steps, height, width) at a time.

        Raises:
            MwmError: a chunk is damaged.
        """
        screens = self.file[_name(episode)]
        for start in range(0, len(screens), screens.chunks[0]):
            yield self._chunk(screens, start)

    def screen(self, episode: int, step: int) -> NDArray[np.uint8]:
        """One screen, (height, width).

        Raises:
            MwmError: its chunk is damaged.
        """
        screens = self.file[_name(episode)]
        within = step % screens.chunks[0]
        screen: NDArray[np.uint8] = self._chunk(screens, step - within)[within]
        return screen

    def _chunk(self, screens: h5py.Dataset, start: int) -> NDArray[np.uint8]:
        """One chunk, decompressed by zlib-ng in a tenth of h5py's time."""
        size = math.prod(screens.chunks)
        try:
            with reading(self.path):
                _, deflated = screens.id.read_direct_chunk((start, 0, 0))
            inflate = zlib_ng.decompressobj()
            raw = inflate.decompress(deflated, size + 1)  # no more, whatever it would swell to
            if not inflate.eof:
                raise ValueError(f"expected its end after {size} bytes")
            chunk = np.frombuffer(raw, np.uint8).reshape(screens.chunks)
        except (OSError, RuntimeError, ValueError, zlib_ng.error) as error:  # type: ignore[misc]
            raise ArtefactError(
                f"{self.path}: {screens.name}: damaged at step {start}: {error}"
            ) from None
        return chunk[: len(screens) - start]


@contextmanager
def opening(path: Path | str) -> Iterator[Rollouts]:
    """Open rollouts.h5.

    Raises:
        MwmError: missing, truncated, foreign, or with a dataset of another shape, dtype or range.
    """
    with reading_h5(path, "rollouts") as file:
        offsets = read_array(file, "episode_offsets", np.int64, (None,))
        if len(offsets) < 2 or offsets[0] != 0 or np.any(offsets[1:] <= offsets[:-1]):
            raise ArtefactError(
                f"{path}: episode_offsets: expected to rise from 0, found {offsets[:3].tolist()}.."
            )
        actions = read_array(file, "actions", np.uint8, (int(offsets[-1]),))
        field = _check_screens(file, np.diff(offsets).tolist())
        attributes = read_attributes(file)
        _check_attributes(path, attributes, int(actions.max()))
        yield Rollouts(Path(path), file, field, actions, offsets, attributes)


def _name(episode: int) -> str:
    return f"screens/{episode:06d}"


def _check_attributes(path: Path | str, attributes: dict[str, Any], last_action: int) -> None:
    """Check the JSON attributes that later stages read."""
    forms: list[tuple[str, str, Callable[[Any], bool]]] = [
        (
            "action_names",
            f"over {last_action} names",
            lambda x: isinstance(x, list) and len(x) > last_action,
        ),
        ("background", "null or 0..255", lambda x: x is None or x in range(256)),
        ("objects", "boxes by name", lambda x: isinstance(x, dict)),
    ]
    for name, expected, fits in forms:
        check_attribute(path, attributes, name, expected, fits)


def _check_screens(file: h5py.File, steps: list[int]) -> tuple[int, int]:
    """Check that all screens have one size and are chunked by whole screens; returns the size."""
    check_dataset(file, _name(0), np.uint8, (steps[0], None, None))
    height, width = file[_name(0)].shape[1:]
    if min(height, width) < SIDE:
        raise ArtefactError(
            f"{file.filename}: {_name(0)}: expected screens of at least {SIDE} x "
            f"{SIDE} pixels, found {height} x {width}"
        )
    for episode, count in enumerate(steps):
        check_dataset(file, _name(episode), np.uint8, (count, height, width))
        screens = file[_name(episode)]
        if screens.compression != "gzip" or screens.chunks[1:] != (height, width):
            raise ArtefactError(
                f"{file.filename}: {_name(episode)}: expected gzip chunks of whole screens, "
                f"found {screens.compression} {screens.chunks}"
            )
    return height, width
