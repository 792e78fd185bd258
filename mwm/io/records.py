"""Checksums of JSON, CSV and weights.

A JSON file ends with its own checksum. For other files, a manifest.json beside them holds their
SHA-256 under "files", so that they remain plain CSV and safetensors files.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mwm import ArtefactError
from mwm.io.files import read_bytes, read_json, write_json

MANIFEST = "manifest.json"
CHECKSUM, FILES = "sha256", "files"


def write(path: Path | str, value: Mapping[str, Any]) -> None:
    """Write a JSON object, and as its last key the SHA-256 of the others."""
    write_json(path, {**value, CHECKSUM: digest(value)})


def read(path: Path | str) -> dict[str, Any]:
    """Read a JSON object that ends with its checksum; returned without it.

    Raises:
        MwmError: it is missing, is not a JSON object, or its checksum is missing or wrong.
    """
    content = read_json(path)
    value: dict[str, Any] = content if isinstance(content, dict) else {}
    found = value.pop(CHECKSUM, None)
    if found is None:
        raise ArtefactError(
            f"{path}: expected a JSON object with a checksum, as mwm writes since 0.1, found none"
        )
    if found != digest(value):
        raise ArtefactError(
            f"{path}: expected content that matches its checksum, found a damaged or edited file"
        )
    return value


def digest(value: Mapping[str, Any]) -> str:
    """The SHA-256 of a JSON object, as its file ends with it."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_manifest(
    folder: Path, names: Iterable[str], content: Mapping[str, Any] | None = None
) -> None:
    """Write the manifest of the files `names` in `folder`, and `content` with it."""
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    write(folder / MANIFEST, {**(content or {}), FILES: sums})


def read_listed(path: Path | str) -> bytes:
    """The bytes of a file that the manifest beside it lists.

    Raises:
        MwmError: the file or its manifest is missing or damaged, or the one is not in the other.
    """
    path = Path(path)
    content = read_bytes(path)
    manifest = path.with_name(MANIFEST)
    sums = read(manifest).get(FILES)
    if not isinstance(sums, dict) or path.name not in sums:
        raise ArtefactError(f"{manifest}: expected a checksum of {path.name}, found none")
    if sums[path.name] != hashlib.sha256(content).hexdigest():
        raise ArtefactError(
            f"{path}: expected the checksum in {manifest}, found other bytes, perhaps damaged"
        )
    return content
