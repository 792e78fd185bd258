"""HDF5 files: the same content gives the same bytes, and nothing damaged or foreign is read."""

import io
import reprlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mwm import ArtefactError
from mwm.io import checksum
from mwm.io.files import parse_json, replacing


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
            h5py.File(output, "w", libver=("v110", "v110"), userblock_size=checksum.BLOCK) as file,
        ):
            file.attrs["kind"] = kind
            for name in sorted(attributes):
                file.attrs[name] = attributes[name]
            yield file
            file.flush()  # what failed is raised here: a file must not fail while it closes
        checksum.stamp(temporary)


@contextmanager
def reading_h5(path: Path | str, kind: str) -> Iterator[h5py.File]:
    """Open an HDF5 file of `kind` for reading, after a check of all its bytes.

    Raises:
        MwmError: missing, damaged, without a checksum, not HDF5, or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise ArtefactError(f"{path}: not found")
    with _telling(path):
        if damage := checksum.damage(path):
            raise ArtefactError(f"{path}: {damage}")
        file = h5py.File(path, "r")
    with file:
        with _telling(path):
            found = checksum.attributes(file).get("kind", "an unknown kind")
        if found != kind:
            raise ArtefactError(f"{path}: expected a file of kind {kind!r}, found {found!r}")
        yield file


@contextmanager
def _telling(path: Path | str) -> Iterator[None]:
    """Tell what HDF5 cannot read, in one line."""
    try:
        yield
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        said = " ".join(str(error).split())
        raise ArtefactError(f"{path}: damaged: {said}") from None


def read_attributes(file: h5py.File, group: str = "/") -> dict[str, Any]:
    """The attributes of a file or of a group in it, words and numbers, but for its kind.

    Raises:
        MwmError: there is no such group, or an attribute is something else.
    """
    with _telling(file.filename):
        found = checksum.find(file, group)
        if not isinstance(found, h5py.Group):
            there = reprlib.repr(list(file))
            raise ArtefactError(f"{file.filename}: expected a group {group!r}, found {there}")
        return {name: value for name, value in checksum.attributes(found).items() if name != "kind"}


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
        dataset = checksum.find(file, name)
        found, fits = "none", False
        if isinstance(dataset, h5py.Dataset):
            lengths = dataset.shape or ()
            found = f"{dataset.dtype} ({', '.join(map(str, lengths))})"
            fits = dataset.dtype == np.dtype(dtype) and len(lengths) == len(shape)
        if not fits or any(n not in (None, m) for n, m in zip(shape, lengths, strict=True)):
            where = f"{file.filename}: dataset {name!r}"
            raise ArtefactError(f"{where}: expected {expected}, found {found}")
        checksum.check_stored(dataset)


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
        raise ArtefactError(
            f"{path}: attribute {name}: expected {expected} in JSON, found {reprlib.repr(found)}"
        )
