"""JSON, CSV and weights that later stages read, with checksums.

JSON ends in its own. For other files there is a manifest beside them, manifest.json, that holds
their SHA-256 under "files": so CSV stays CSV for pandas and DVC's plots, safetensors for anyone.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mwm import MwmError, store
from mwm.store import REMAKE

MANIFEST = "manifest.json"
CHECKSUM, FILES = "sha256", "files"

Line = tuple[int, dict[str, str]]


def write(path: Path | str, value: Mapping[str, Any]) -> None:
    """Write a JSON object, and as its last key the SHA-256 of the others."""
    store.write_json(path, {**value, CHECKSUM: _digest(value)})


def read(path: Path | str) -> dict[str, Any]:
    """Read a JSON object whose last key is the SHA-256 of the others; without that key.

    Raises:
        MwmError: missing, no JSON object, without a checksum, or not what its checksum says.
    """
    content = store.read_json(path)
    value: dict[str, Any] = content if isinstance(content, dict) else {}
    found = value.pop(CHECKSUM, None)
    if found is None:
        raise MwmError(
            f"{path}: expected a JSON object with a checksum, as mwm writes since 0.1, found none; "
            f"{REMAKE}"
        )
    if found != _digest(value):
        raise MwmError(f"{path}: expected what its checksum says, found a damaged file; {REMAKE}")
    return value


def _digest(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_manifest(
    folder: Path, names: Iterable[str], content: Mapping[str, Any] | None = None
) -> None:
    """Write the manifest of the files `names` in `folder`, with what else is told of them."""
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    write(folder / MANIFEST, {**(content or {}), FILES: sums})


def read_listed(path: Path | str) -> bytes:
    """The bytes of a file that the manifest beside it lists.

    Raises:
        MwmError: the file or its manifest is missing or damaged, or the one is not in the other.
    """
    path = Path(path)
    content = store.read_bytes(path)
    manifest = path.with_name(MANIFEST)
    sums = read(manifest).get(FILES)
    if not isinstance(sums, dict) or path.name not in sums:
        raise MwmError(f"{manifest}: expected a checksum of {path.name}, found none; {REMAKE}")
    if sums[path.name] != hashlib.sha256(content).hexdigest():
        raise MwmError(
            f"{path}: expected what {manifest} lists, found other bytes, perhaps damaged; {REMAKE}"
        )
    return content


def read_csv(path: Path | str) -> tuple[list[str], list[Line]]:
    """The columns of a CSV file that a manifest lists, and its rows with their line numbers.

    Raises:
        MwmError: the file or its manifest is missing or damaged, it is no CSV, or a row has more or
            fewer cells than there are columns.
    """
    content = read_listed(path)
    try:
        text = content.decode()
        if "\0" in text:
            raise ValueError("a NUL character")
        table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        lines: list[Line] = [(table.line_num, line) for line in table]
    except (ValueError, csv.Error) as error:
        raise MwmError(f"{path}: expected CSV, found: {error}; {REMAKE}") from None
    columns = list(table.fieldnames or ())
    for number, line in lines:
        if len(line) != len(columns) or None in line.values():
            raise MwmError(
                f"{path}:{number}: expected {len(columns)} cells, found others; {REMAKE}"
            )
    return columns, lines
