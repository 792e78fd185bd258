"""Write HDF5 files reproducibly, and read them only after verification."""

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
from mwm.io.deferring import Output
from mwm.io.files import parse_json, reading, replacing


@contextmanager
def creating_h5(path: Path | str, kind: str, attributes: Mapping[str, Any]) -> Iterator[h5py.File]:
    """Create an HDF5 file of `kind`, which gets its final name once it is complete.

    The same content gives the same bytes: the file format is fixed and has no times, and the caller
    writes datasets and chunks in a fixed order. A checksum is stored at the start of the file.

    Raises:
        MwmError: the file cannot be written.
    """
    with replacing(path) as temporary:
        with (
            Output(temporary, "w+") as output,
            h5py.File(output, "w", libver=("v110", "v110"), userblock_size=checksum.BLOCK) as file,
        ):
            file.attrs["kind"] = kind
            for name in sorted(attributes):
                file.attrs[name] = attributes[name]
            yield file
            file.flush()  # errors must be raised before the file closes
        checksum.stamp(temporary)


@contextmanager
def reading_h5(path: Path | str, kind: str) -> Iterator[h5py.File]:
    """Open an HDF5 file of `kind` for reading, after verification of its checksum.

    Raises:
        MwmError: missing, damaged, without a checksum, not HDF5, or of another kind.
    """
    path = Path(path)
    with _telling(path):
        if damage := checksum.damage(path):
            raise ArtefactError(f"{path}: {damage}")
        file = _open(path)
    with file:
        with _telling(path):
            found = checksum.attributes(file).get("kind", "an unknown kind")
        if found != kind:
            raise ArtefactError(f"{path}: expected a file of kind {kind!r}, found {found!r}")
        yield file


def _open(path: Path) -> h5py.File:
    """Open without a lock, since nobody writes to a file that has its final name.

    Or as this process has it open already: HDF5 allows no other way.
    """
    for locking in (False, None):
        try:
            return h5py.File(path, "r", locking=locking)
        except OSError as error:
            if "flag values" not in str(error):
                raise
    return h5py.File(path, "r", locking=True)


@contextmanager
def _telling(path: Path | str) -> Iterator[None]:
    """Turn errors of the HDF5 library into one line: of the content, or of what the system said."""
    try:
        with reading(path):
            yield
    except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        said = " ".join(str(error).split())
        raise ArtefactError(f"{path}: damaged: {said}") from None


def read_attributes(file: h5py.File, group: str = "/") -> dict[str, Any]:
    """The attributes of a file or of a group in it (strings and numbers), except `kind`.

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
    """Check that a dataset is complete and has this dtype and shape (None: any length).

    Raises:
        MwmError: it is missing, of another dtype or shape, or incomplete.
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
    """Check an attribute that holds JSON.

    Args:
        path: of the file, for the error message.
        attributes: of the file.
        name: which of them.
        expected: what it should be, for the error message.
        fits: whether its parsed value is that.

    Raises:
        MwmError: it is missing, is not JSON, or does not fit.
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
