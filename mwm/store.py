"""Artefacts on disk: written whole or not at all, checked at the door when read."""

import errno
import io
import json
import math
import os
import reprlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mwm import MwmError, hdf5

SIDE = 64
FRAME_BYTES = SIDE * SIDE // 8
SPLITS = ("train", "validation", "test")
CHUNK = 256  # frames per compressed chunk
MOST_BYTES = 2**28  # of a file that is read as a whole: weights, tables

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
        MwmError: the file is missing or no JSON, or has what JSON leaves open: a key twice, NaN, a
            number too great for a float, brackets too deep for the parser.
    """
    content = read_bytes(path)
    try:
        return parse_json(content.decode())
    except ValueError as error:
        raise MwmError(f"{path}: expected JSON, found: {error}; {REMAKE}") from None


def read_bytes(path: Path | str) -> bytes:
    """The content of a file that fits in memory.

    Raises:
        MwmError: the file is missing, greater than MOST_BYTES, or cannot be read.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise FileNotFoundError
        if (size := path.stat().st_size) > MOST_BYTES:
            raise MwmError(f"{path}: expected at most {MOST_BYTES} bytes, found {size}; {REMAKE}")
        return path.read_bytes()
    except FileNotFoundError:
        raise MwmError(f"{path}: not found; {REMAKE}") from None
    except OSError as error:
        raise MwmError(f"{path}: cannot be read: {error}; {REMAKE}") from None


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is no JSON, or has what JSON leaves open (see `read_json`).
    """
    try:
        return json.loads(
            text, object_pairs_hook=_distinct, parse_constant=_finite, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("brackets too deep in brackets") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(value := dict(pairs)) < len(pairs):
        raise ValueError("a key that is there twice")
    return value


def _finite(word: str) -> float:
    if not math.isfinite(number := float(word)):
        raise ValueError(f"the number {word}")
    return number


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
    datasets and chunks in one order (HDF5 places them as they come). A checksum goes ahead of them.
    """
    with replacing(path) as temporary:
        with (
            _Output(temporary, "w+") as output,
            h5py.File(output, "w", libver=("v110", "v110"), userblock_size=hdf5.BLOCK) as file,
        ):
            file.attrs["kind"] = kind
            for name in sorted(attributes):
                file.attrs[name] = attributes[name]
            yield file
            file.flush()  # what failed is raised here: a file must not fail while it closes
        hdf5.stamp(temporary)


@contextmanager
def reading_h5(path: Path | str, kind: str) -> Iterator[h5py.File]:
    """Open an HDF5 file of `kind` for reading, after a check of all its bytes.

    Raises:
        MwmError: missing, damaged, without a checksum, not HDF5, or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise MwmError(f"{path}: not found; {REMAKE}")
    with _telling(path):
        if damage := hdf5.damage(path):
            raise MwmError(f"{path}: {damage}; {REMAKE}")
        file = h5py.File(path, "r")
    with file:
        with _telling(path):
            found = hdf5.attributes(file).get("kind", "an unknown kind")
        if found != kind:
            raise MwmError(f"{path}: expected a file of kind {kind!r}, found {found!r}; {REMAKE}")
        yield file


@contextmanager
def _telling(path: Path | str) -> Iterator[None]:
    """Tell what HDF5 cannot read, in one line."""
    try:
        yield
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        said = " ".join(str(error).split())
        raise MwmError(f"{path}: damaged: {said}; {REMAKE}") from None


def read_attributes(file: h5py.File, group: str = "/") -> dict[str, Any]:
    """The attributes of a file or of a group in it, words and numbers, but for its kind.

    Raises:
        MwmError: there is no such group, or an attribute is something else.
    """
    with _telling(file.filename):
        found = hdf5.find(file, group)
        if not isinstance(found, h5py.Group):
            there = reprlib.repr(list(file))
            raise MwmError(f"{file.filename}: expected a group {group!r}, found {there}; {REMAKE}")
        return {name: value for name, value in hdf5.attributes(found).items() if name != "kind"}


def read_array(
    file: h5py.File, name: str, dtype: Any, shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """Read a whole dataset after a check of its dtype and shape (None: any length).

    Raises:
        MwmError: the dataset is missing, damaged, or of another dtype or shape.
    """
    check_dataset(file, name, dtype, shape)
    with _telling(file.filename):
        return np.asarray(file[name][...])


def check_dataset(file: h5py.File, name: str, dtype: Any, shape: tuple[int | None, ...]) -> None:
    """Refuse a dataset that is missing, of another dtype or shape (None: any length), or not whole.

    Raises:
        MwmError: says what was expected, and what was found.
    """
    expected = f"{np.dtype(dtype)} ({', '.join('n' if n is None else str(n) for n in shape)})"
    with _telling(file.filename):
        dataset = hdf5.find(file, name)
        found, fits = "none", False
        if isinstance(dataset, h5py.Dataset):
            lengths = dataset.shape or ()
            found = f"{dataset.dtype} ({', '.join(map(str, lengths))})"
            fits = dataset.dtype == np.dtype(dtype) and len(lengths) == len(shape)
        if not fits or any(n not in (None, m) for n, m in zip(shape, lengths, strict=True)):
            where = f"{file.filename}: dataset {name!r}"
            raise MwmError(f"{where}: expected {expected}, found {found}; {REMAKE}")
        hdf5.check_stored(dataset)


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
            attributes=read_attributes(file),
        )
    _check_ranges(path, content)
    return content


def _check_ranges(path: Path | str, content: Frames) -> None:
    offsets = content.episode_offsets
    whole = len(offsets) > 1 and offsets[0] == 0 and offsets[-1] == len(content.frames)
    if not whole or np.any(offsets[1:] <= offsets[:-1]):  # no difference, which may overflow
        raise MwmError(
            f"{path}: episode_offsets: expected to rise from 0 to {len(content.frames)}, "
            f"found {offsets[:3].tolist()}..{offsets[-1:].tolist()}; {REMAKE}"
        )
    if len(content.split) != len(offsets) - 1 or content.split.max() >= len(SPLITS):
        raise MwmError(
            f"{path}: split: expected {len(offsets) - 1} episodes in 0..{len(SPLITS) - 1}, "
            f"found {len(content.split)}, {np.unique(content.split).tolist()}; {REMAKE}"
        )
    check_attribute(
        path, content.attributes, "action_names", "a list", lambda x: isinstance(x, list)
    )
    check_attribute(path, content.attributes, "objects", "boxes by name", _are_boxes)
    if not np.array_equal(np.sort(content.pixel_map), np.arange(SIDE * SIDE)):
        raise MwmError(
            f"{path}: pixel_map: expected a permutation of 0..{SIDE * SIDE - 1}; {REMAKE}"
        )
    if content.actions.max() >= (count := content.action_count):
        raise MwmError(
            f"{path}: actions: expected 0..{count - 1}, found {content.actions.max()}; {REMAKE}"
        )


def check_attribute(
    path: Path | str,
    attributes: Mapping[str, Any],
    name: str,
    expected: str,
    fits: Callable[[Any], bool],
) -> None:
    """Refuse an attribute that is missing, is no JSON, or does not fit.

    Raises:
        MwmError: says what was `expected`.
    """
    found = attributes.get(name, "none")
    try:
        fit = fits(parse_json(found))
    except (TypeError, ValueError):
        fit = False
    if not fit:
        raise MwmError(
            f"{path}: attribute {name}: expected {expected} in JSON, found {reprlib.repr(found)}; "
            f"{REMAKE}"
        )


def _are_boxes(value: Any) -> bool:
    """Whether these are [top, left, bottom, right] within a frame, by name."""
    return isinstance(value, dict) and all(
        isinstance(box, list)
        and [type(edge) for edge in box] == [int] * 4
        and 0 <= box[0] < box[2] <= SIDE
        and 0 <= box[1] < box[3] <= SIDE
        for box in value.values()
    )
