"""Locks that end with their process, however it ends, and whose file says who holds them.

Not the library filelock: it empties the file when it opens it, and so forgets the holder.
"""

import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.io import files
from mwm.runtime import processes
from mwm.runtime.state import state

_held: dict[Path, int] = {}  # file descriptors of claims, by what they are for


def claim(*outputs: Path) -> None:
    """Be the only process at work on these files or folders, until the command ends.

    Waits for another one, and says which. What a killed one left half-written there is removed.

    Raises:
        MwmError: no lock can be made.
    """
    for output in outputs:
        path = output.resolve()
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
        os.close(_held.popitem()[1])


def acquire(file: Path) -> int | None:
    """Take the lock `file` without waiting: a file descriptor to close; None if another has it.

    Raises:
        MwmError: no lock can be made.
    """
    return _take(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def holding(file: Path) -> Iterator[None]:
    """Hold the lock `file` in the block, after waiting for another process that has it.

    Raises:
        MwmError: no lock can be made.
    """
    descriptor = _take(file, fcntl.LOCK_EX)
    assert descriptor is not None
    try:
        yield
    finally:
        os.close(descriptor)


def holder(file: Path) -> dict[str, Any] | None:
    """Who holds the lock: pid, pid_started, command, started (Unix seconds); None: nobody."""
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found if processes.alive(found["pid"], found["pid_started"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _wait(file: Path, output: Path) -> int:
    descriptor = acquire(file)
    if descriptor is not None:
        return descriptor
    print(f"waiting: {output} is in use by {_told(holder(file))}", file=sys.stderr, flush=True)
    descriptor = _take(file, fcntl.LOCK_EX)
    assert descriptor is not None
    return descriptor


def _take(file: Path, how: int) -> int | None:
    """Lock a file, and sign it; None if another process has it and `how` does not wait."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            os.close(descriptor)
            return None
        _sign(descriptor)
    except OSError as error:
        raise MwmError(f"{file}: cannot be locked: {error}; allow writing there") from None
    return descriptor


def _sign(descriptor: int) -> None:
    """Write into a lock's file who holds it."""
    pid = os.getpid()
    told = {
        "pid": pid,
        "pid_started": processes.started(pid),
        "command": processes.command(sys.argv),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(told | {"started": round(time.time())}).encode(), 0)


def _told(found: dict[str, Any] | None) -> str:
    if found is None:
        return "another process"
    since = time.strftime("%H:%M:%S", time.localtime(found["started"]))
    return f"process {found['pid']} since {since}: {found['command']}"


def _tidy(path: Path) -> None:
    """Remove the temporary files of a killed process; the lock proves that it is none at work."""
    for file in (path if path.is_dir() else path.parent).glob(".*"):
        name = files.final_name(file)
        if name and (path.is_dir() or name == path.name):
            with suppress(OSError):
                file.unlink()
