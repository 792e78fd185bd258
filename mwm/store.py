"""Artefacts on disk: written whole or not at all, checked at the door when read."""

import errno
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mwm import MwmError

SIDE = 64
FRAME_BYTES = SIDE * SIDE // 8
SPLITS = ("train", "validation", "test")
CHUNK = 256  # frames per compressed chunk

REMAKE = "make it again with `dvc repro`, or fetch it with `dvc pull`"


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary name beside `path`; it becomes `path` if the block ends well, else it goes.

    Raises:
        MwmError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    temporary = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if error.errno is None:  # no failed write, but h5py's word for a damaged file
            raise
        raise MwmError(f"{path}: cannot be written: {_told(error)}") from None
    finally:
        if temporary != path:
            temporary.unlink(missing_ok=True)


def check_folder(folder: Path | str) -> None:
    """Make `folder`, and write there for a moment: to be asked before minutes of work, not after.

    Raises:
        MwmError: the folder cannot be made or written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"room")
    except OSError as error:
        raise MwmError(f"{folder}: cannot be written: {_told(error)}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _told(error: OSError) -> str:
    """The cause of a failed write, and what to do, in the user's words."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "no space left on the disk; free some and run the command again"
        case errno.EFBIG:
            return "a file may not grow so large here; see `ulimit -f`, and run the command again"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "no permission to write in its folder; allow it, or choose another folder"
        case errno.EEXIST | errno.ENOTDIR:
            return "its folder's path leads through a file; remove that, or choose another folder"
        case errno.EISDIR:
            return "a folder has that name; remove it, or choose another name"
        case _:
            return f"{error}; choose another folder"


def write_text(path: Path | str, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON with a final newline."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises:
        MwmError: the file is missing or no JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MwmError(f"{path}: not found; {REMAKE}") from None
    except (OSError, ValueError) as error:
        raise MwmError(f"{path}: expected JSON, found: {error}; {REMAKE}") from None


class _Output(io.FileIO):
    """A file to which no write fails: what failed is raised by the next `flush`, once.

    HDF5 does not survive a failed write: it crashes when it closes the file. So it is told of
    none, and `h5py.File.flush`, which comes here last, is where a full disk is learned of.
    """

    _fault: BaseException | None = None
    _failed = False

    def write(self, data: Any) -> int:
        """Write all of `data`, or pretend to."""
        rest = memoryview(data)
        size = len(rest)
        try:
            while rest and not self._failed:
                rest = rest[super().write(rest) :]
        except (OSError, KeyboardInterrupt) as fault:
            self._fail(fault)
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the size, or pretend to."""
        try:
            if not self._failed:
                super().truncate(size)
        except (OSError, KeyboardInterrupt) as fault:
            self._fail(fault)
        return size or 0

    def flush(self) -> None:
        """Raise what failed since the last call."""
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _fail(self, fault: BaseException) -> None:
        self._fault, self._failed = fault, True


@contextmanager
def creating_h5(path: Path | str, kind: str, attributes: Mapping[str, Any]) -> Iterator[h5py.File]:
    """A new HDF5 file of `kind`, under its final name only once it is complete.

    The same inputs give the same bytes: a fixed library format, no times, and the caller writes
    datasets and chunks in one order (HDF5 places them as they come).
    """
    with (
        replacing(path) as temporary,
        _Output(temporary, "w+") as output,
        h5py.File(output, "w", libver=("v110", "v110")) as file,
    ):
        file.attrs["kind"] = kind
        for name in sorted(attributes):
            file.attrs[name] = attributes[name]
        yield file
        file.flush()  # what failed is raised here: a file must not fail while it closes


@contextmanager
def reading_h5(path: Path | str, kind: str) -> Iterator[h5py.File]:
    """Open an HDF5 file of `kind` for reading.

    Raises:
        MwmError: missing, truncated, not HDF5, or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise MwmError(f"{path}: not found; {REMAKE}")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise MwmError(f"{path}: expected a whole HDF5 file, found: {error}; {REMAKE}") from None
    with file:
        try:
            found = str(file.attrs.get("kind", "an unknown kind"))
            if found != kind:
                raise MwmError(
                    f"{path}: expected a file of kind {kind!r}, found {found!r}; {REMAKE}"
                )
            yield file
        except (OSError, KeyError) as error:
            raise MwmError(f"{path}: damaged: {error}; {REMAKE}") from None


def read_array(
    file: h5py.File, name: str, dtype: Any, shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """Read a whole dataset after a check of its dtype and shape (None: any length).

    Raises:
        MwmError: the dataset is missing, or is of another dtype or shape.
    """
    check_dataset(file, name, dtype, shape)
    return np.asarray(file[name][...])


def check_dataset(file: h5py.File, name: str, dtype: Any, shape: tuple[int | None, ...]) -> None:
    """Refuse a dataset that is missing or of another dtype or shape (None: any length)."""
    dataset = file.get(name)
    expected = f"{np.dtype(dtype)} ({', '.join('n' if n is None else str(n) for n in shape)})"
    if not isinstance(dataset, h5py.Dataset):
        raise MwmError(
            f"{file.filename}: dataset {name!r}: expected {expected}, found none; {REMAKE}"
        )
    fits = len(dataset.shape) == len(shape) and all(
        want is None or want == have for want, have in zip(shape, dataset.shape, strict=True)
    )
    if dataset.dtype != np.dtype(dtype) or not fits:
        found = f"{dataset.dtype} ({', '.join(map(str, dataset.shape))})"
        raise MwmError(
            f"{file.filename}: dataset {name!r}: expected {expected}, found {found}; {REMAKE}"
        )


@dataclass(frozen=True)
class Frames:
    """Binary frames with the actions between them: the content of frames.h5 and of each world.

    Attributes:
        frames: (n, 512) uint8, 64 x 64 bits packed row by row, most significant bit first.
        actions: (n,) uint8, index into the game's minimal action set; taken after the frame.
        episode_offsets: (episodes + 1,) int64; episode e is frames[offsets[e]:offsets[e + 1]].
        split: (episodes,) uint8, index into SPLITS.
        pixel_map: (4096,) uint16; this world's pixel p shows the original's pixel pixel_map[p] ...
        inverted: (512,) uint8, packed; ... with its colour inverted where this is 1.
        attributes: game, world, action_names (JSON list), objects (JSON: name to [top, left,
            bottom, right] in pixels of the original's 64 x 64 frame, half open), and where the
            frames come from. Training never reads pixel_map, inverted or objects: they are for
            the judges.
    """

    frames: NDArray[np.uint8]
    actions: NDArray[np.uint8]
    episode_offsets: NDArray[np.int64]
    split: NDArray[np.uint8]
    pixel_map: NDArray[np.uint16]
    inverted: NDArray[np.uint8]
    attributes: Mapping[str, Any]

    def episodes(self, split: str) -> NDArray[np.int64]:
        """Indices of the episodes in `split`, one of SPLITS."""
        return np.flatnonzero(self.split == SPLITS.index(split))

    @property
    def action_count(self) -> int:
        """How many actions the game knows."""
        return len(json.loads(self.attributes["action_names"]))


def write_frames(path: Path | str, content: Frames, kind: str = "frames") -> None:
    """Write frames.h5 (`kind` frames) or a world (`kind` world)."""
    with creating_h5(path, kind, content.attributes) as file:
        chunk = (min(CHUNK, len(content.frames)), FRAME_BYTES)
        file.create_dataset(
            "frames", data=content.frames, chunks=chunk, compression="gzip", compression_opts=4
        )
        file.create_dataset("actions", data=content.actions)
        file.create_dataset("episode_offsets", data=content.episode_offsets)
        file.create_dataset("split", data=content.split)
        file.create_dataset("pixel_map", data=content.pixel_map)
        file.create_dataset("inverted", data=content.inverted)


def read_frames(path: Path | str, kind: str = "frames") -> Frames:
    """Read frames.h5 (`kind` frames) or a world (`kind` world) into memory.

    Raises:
        MwmError: missing, truncated, foreign, or with a dataset of another shape, dtype or range.
    """
    with reading_h5(path, kind) as file:
        frames = read_array(file, "frames", np.uint8, (None, FRAME_BYTES))
        content = Frames(
            frames=frames,
            actions=read_array(file, "actions", np.uint8, (len(frames),)),
            episode_offsets=read_array(file, "episode_offsets", np.int64, (None,)),
            split=read_array(file, "split", np.uint8, (None,)),
            pixel_map=read_array(file, "pixel_map", np.uint16, (SIDE * SIDE,)),
            inverted=read_array(file, "inverted", np.uint8, (FRAME_BYTES,)),
            attributes={name: file.attrs[name] for name in file.attrs if name != "kind"},
        )
    _check_ranges(path, content)
    return content


def _check_ranges(path: Path | str, content: Frames) -> None:
    offsets = content.episode_offsets
    whole = len(offsets) > 1 and offsets[0] == 0 and offsets[-1] == len(content.frames)
    if not whole or np.any(np.diff(offsets) <= 0):
        raise MwmError(
            f"{path}: episode_offsets: expected to rise from 0 to {len(content.frames)}, "
            f"found {offsets[:3].tolist()}..{offsets[-1:].tolist()}; {REMAKE}"
        )
    if len(content.split) != len(offsets) - 1 or content.split.max() >= len(SPLITS):
        raise MwmError(
            f"{path}: split: expected {len(offsets) - 1} episodes in 0..{len(SPLITS) - 1}, "
            f"found {len(content.split)}, {np.unique(content.split).tolist()}; {REMAKE}"
        )
    try:
        count = content.action_count
    except (KeyError, ValueError, TypeError):
        raise MwmError(
            f"{path}: attribute action_names: expected a JSON list, found none; {REMAKE}"
        ) from None
    if not np.array_equal(np.sort(content.pixel_map), np.arange(SIDE * SIDE)):
        raise MwmError(
            f"{path}: pixel_map: expected a permutation of 0..{SIDE * SIDE - 1}; {REMAKE}"
        )
    if content.actions.max() >= count:
        raise MwmError(
            f"{path}: actions: expected 0..{count - 1}, found {content.actions.max()}; {REMAKE}"
        )
