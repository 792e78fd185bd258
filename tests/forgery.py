"""Files that are not what they should be, though their checksums fit: changed, then sealed anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from mwm.io import checksum, records
from mwm.io.records import FILES


@contextmanager
def changing_h5(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file, open to be changed."""
    with h5py.File(path, "r+") as file:
        yield file
    checksum.stamp(path)


def altered(source: Path, path: Path, change: Callable[[h5py.File], None]) -> Path:
    """A copy of an HDF5 file, changed; returns `path`."""
    path.write_bytes(source.read_bytes())
    with changing_h5(path) as file:
        change(file)
    return path


def rewrite(path: Path, content: str | bytes) -> None:
    """Write other bytes to a file, and their checksum to the manifest beside it."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    manifest = path.with_name(records.MANIFEST)
    told = records.read(manifest) if manifest.is_file() else {}
    names = [*told.pop(FILES, ()), path.name]
    records.write_manifest(path.parent, names, told)


def change_record(path: Path, **values: Any) -> None:
    """Give a JSON file with a checksum other values."""
    records.write(path, records.read(path) | values)
