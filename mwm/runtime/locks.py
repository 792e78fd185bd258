"""Be the only process at work on an output: others wait, and what a killed one left is removed."""

import hashlib
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from mwm.io import files
from mwm.runtime import lockfile
from mwm.runtime.state import state

_held: dict[Path, lockfile.Lock] = {}  # claims, by what they are for


def claim(*outputs: Path) -> None:
    """Be the only process at work on these files or folders, until the command ends.

    Waits for another one, and says which. What a killed one left half-written there is removed.

    Raises:
        MwmError: no lock can be made.
    """
    for output in outputs:
        path = Path(os.path.realpath(output))  # Path.resolve fails where links lead in a circle
        if path not in _held:
            digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
            _held[path] = _wait(state("locks", f"{path.name}-{digest}.json"), output)
            _tidy(path)


def claim_folder(folder: Path) -> Path:
    """Make `folder` if need be, check that it can be written, `claim` it, and return it.

    Raises:
        MwmError: the folder cannot be made or written, or no lock can be made.
    """
    files.check_folder(folder)
    claim(folder)
    return folder


def release_all() -> None:
    """End all claims of this process."""
    while _held:
        _held.popitem()[1].release()


def _wait(file: Path, output: Path) -> lockfile.Lock:
    lock = lockfile.acquire(file)
    if lock is None:
        told = _holder(file)
        print(f"waiting: {output} is in use by {told}", file=sys.stderr, flush=True)
        lock = lockfile.acquire(file, wait=True)
    assert lock is not None
    return lock


def _holder(file: Path) -> str:
    found = lockfile.holder(file)
    if found is None:
        return "another process"
    since = time.strftime("%H:%M:%S", time.localtime(found["started"]))
    of = f" ({lockfile.told(found)})" if "note" in found else ""
    return f"process {found['pid']} since {since}: {found['command']}{of}"


def _tidy(path: Path) -> None:
    """Remove the temporary files of a killed process; the lock proves that it is none at work."""
    for file in (path if path.is_dir() else path.parent).glob(".*"):
        name = files.final_name(file)
        if name and (path.is_dir() or name == path.name):
            with suppress(OSError):
                file.unlink()
