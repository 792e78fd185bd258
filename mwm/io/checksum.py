"""Verify an HDF5 file's checksum and structure before reading it.

The first 512 bytes are a "user block", which the HDF5 library ignores: it holds the SHA-256 of all
bytes after it. It is verified first, because the library crashes on some damaged files.
"""

import hashlib
import math
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import h5py

BLOCK = 512  # bytes
MAGIC = b"mwm sha256 "
DEFLATED = 1032  # gzip compresses by no more than this factor


def stamp(path: Path) -> None:
    """Write the checksum of an HDF5 file into its user block."""
    with path.open("r+b") as file:
        block = _fitting(file)
        file.seek(0)
        file.write(block)


def damage(path: Path) -> str | None:
    """What is wrong with a file's bytes, as "expected ..., found ..."; None if nothing is."""
    with path.open("rb") as file:
        found = file.read(BLOCK)
        if found == _fitting(file):
            return None
    if found.startswith(MAGIC):
        return "expected a complete HDF5 file, found bytes that do not match its checksum"
    return "expected an HDF5 file with a checksum, as mwm writes since 0.1, found none"


def _fitting(file: BufferedIOBase) -> bytes:
    """The user block for the bytes after it, which are read in pieces."""
    file.seek(BLOCK)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{MAGIC.decode()}{digest}\n".encode().ljust(BLOCK, b"\0")


def find(file: h5py.File, name: str) -> Any:
    """The object `name` ("group/dataset") of a file, None if there is none.

    Raises:
        OSError: its path contains a soft or external link.
    """
    parts = name.strip("/").split("/")
    for end in range(1, len(parts) + 1):
        link = file.get("/".join(parts[:end]), getlink=True)
        if not isinstance(link, h5py.HardLink | None):
            raise OSError(f"{name!r} is a link to elsewhere")
    return file.get(name)


def check_stored(dataset: h5py.Dataset) -> None:
    """Check that all bytes of a dataset are in the file, plain or gzipped.

    This bounds the memory that reading takes to DEFLATED times the file's size, whatever shape the
    dataset declares.

    Raises:
        OSError: they are elsewhere, compressed otherwise, or fewer than declared.
    """
    layout = dataset.id.get_create_plist()
    if dataset.is_virtual or layout.get_external_count():
        raise OSError(f"{dataset.name!r} lies in other files")
    filters = [layout.get_filter(index)[0] for index in range(layout.get_nfilters())]
    if filters not in ([], [h5py.h5z.FILTER_DEFLATE]):
        raise OSError(f"{dataset.name!r} is encoded otherwise than by gzip")
    stored, whole, declared = dataset.id.get_storage_size(), True, dataset.nbytes
    if dataset.chunks:
        grid = (-(-n // k) for n, k in zip(dataset.shape, dataset.chunks, strict=True))
        count = math.prod(grid)
        declared = count * math.prod(dataset.chunks) * dataset.dtype.itemsize
        whole = dataset.id.get_num_chunks() == count
    if not whole or declared > stored * (DEFLATED if filters else 1):
        raise OSError(f"{dataset.name!r} declares {declared} bytes, more than are stored")
    if stored > dataset.file.id.get_filesize():
        raise OSError(f"{dataset.name!r} takes more bytes than the file has")


def attributes(group: h5py.Group) -> dict[str, Any]:
    """The attributes of a group or a whole file, by name: words and numbers.

    Raises:
        OSError: one is something else.
    """
    found = {}
    for name in group.attrs:
        kept = group.attrs.get_id(name)
        if kept.shape != () or not (
            h5py.check_string_dtype(kept.dtype) or kept.dtype.kind in "biuf"
        ):
            raise OSError(f"attribute {name!r} is neither a word nor a number")
        found[name] = group.attrs[name]
    return found
