"""Checkpoints from which an interrupted command continues: safetensors with a checksum."""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from mwm import MwmError
from mwm.io.files import replacing, write_text

PACKAGES = ("numpy", "torch", "ale-py", "gymnasium", "zlib-ng")  # results depend on their versions
HARNESS = ("mwm.runtime", "mwm.pipeline", "mwm.__main__")
RECENT = "recent"  # lists the folders of one label, first the one that was used last
KEPT = 2  # folders of one label: that of the present params, and of those before

Arrays = Mapping[str, NDArray[Any]]


def every() -> float:
    """Seconds between two checkpoints: MWM_CHECKPOINT_SECONDS, or 30."""
    return float(os.environ.get("MWM_CHECKPOINT_SECONDS", "30"))


def fingerprint(*parts: Any) -> str:
    """A hash of `parts` (nested JSON values and arrays), of mwm's loaded modules and of versions.

    Modules of the harness are left out, as they change no result.
    """
    ours = {
        name: module
        for name, module in sys.modules.items()
        if name.split(".")[0] in ("mwm", "stages") and not name.startswith(HARNESS)
    }
    files = {n: m.__file__ for n, m in sorted(ours.items()) if getattr(m, "__file__", None)}
    code = {name: Path(str(file)).read_text(encoding="utf-8") for name, file in files.items()}
    digest = hashlib.sha256()
    _feed(digest, [*parts, code, [version(package) for package in PACKAGES]])
    return digest.hexdigest()


def _feed(digest: Any, part: Any) -> None:
    match part:
        case np.ndarray():
            digest.update(f"array {part.dtype} {part.shape};".encode())
            digest.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
        case Mapping():
            _feed(digest, [item for pair in part.items() for item in pair])
        case Sequence() if not isinstance(part, str):
            digest.update(f"list {len(part)};".encode())
            for item in part:
                _feed(digest, item)
        case _:
            digest.update(f"{json.dumps(part, default=repr)};".encode())


@dataclass(frozen=True)
class Shelf:
    """Where checkpoints are kept.

    Attributes:
        folder: of all checkpoints.
        claim: takes the exclusive lock of a folder, waiting for other processes.
    """

    folder: Path
    claim: Callable[[Path], None]


def place(shelf: Shelf, label: str, key: str) -> Path:
    """Make and claim the folder for checkpoints of `label` with the fingerprint `key`.

    Of each label only the KEPT folders that were used last stay.

    Raises:
        MwmError: the folder cannot be written.
    """
    label = re.sub(r"\W+", "-", label)
    here = shelf.folder / label / key[:32]
    try:
        here.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MwmError(f"{here}: cannot be written: {error}; allow writing there") from None
    _delete_old(here)
    shelf.claim(here)
    return here


def _delete_old(here: Path) -> None:
    """Delete the folders beside `here` but those used last, by a list: clocks are set back."""
    names = here.parent / RECENT
    try:
        before = names.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        before = []
    kept = [here.name, *(name for name in before if name != here.name)][:KEPT]
    with suppress(MwmError):  # without a list all stay
        write_text(names, "\n".join(kept))
        for old in here.parent.iterdir():
            if old.is_dir() and old.name not in kept:
                shutil.rmtree(old, ignore_errors=True)


def save(path: Path, key: str, arrays: Arrays, notes: Any) -> bool:
    """Write a checkpoint, one safetensors file with `notes` as JSON.

    Returns:
        Whether it was written; on a full disk, for example, work continues without it.
    """
    text = json.dumps(notes)
    metadata = {"key": key, "notes": text, "sha256": _checksum(key, text, arrays)}
    content = to_bytes(dict(arrays), metadata)
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except MwmError as error:
        print(f"note: going on without a checkpoint: {error}", file=sys.stderr)
        return False
    return True


def load(path: Path, key: str) -> tuple[dict[str, NDArray[Any]], Any] | None:
    """Arrays and notes of a checkpoint; None if it is missing, or (printed) damaged."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata()
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        text = metadata["notes"]
        if metadata["key"] == key and metadata["sha256"] == _checksum(key, text, arrays):
            return arrays, json.loads(text)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        pass
    print(f"note: {path}: a damaged or foreign checkpoint, not used", file=sys.stderr)
    return None


def _checksum(key: str, text: str, arrays: Arrays) -> str:
    digest = hashlib.sha256()
    _feed(digest, [key, text, dict(sorted(arrays.items()))])
    return digest.hexdigest()
