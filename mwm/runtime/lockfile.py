"""Locks that end with their process, however it ends, and whose file says who holds them.

Not the library filelock: it empties the file when it opens it, and so forgets the holder.
"""

import fcntl
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.io import system
from mwm.runtime import flockless, processes


@dataclass(frozen=True)
class Lock:
    """A lock that this process holds.

    Attributes:
        descriptor: of its file, which flock holds.
        note: what holds it where the file system has no flock, else None.
    """

    descriptor: int
    note: Path | None = None

    def release(self) -> None:
        """Let others have it."""
        with suppress(OSError):
            os.ftruncate(self.descriptor, 0)  # nobody is the holder
        os.close(self.descriptor)
        if self.note:
            self.note.unlink(missing_ok=True)


def acquire(file: Path, wait: bool = False) -> Lock | None:
    """Take the lock `file`, and sign it; None if another process has it and this is not to wait.

    Raises:
        MwmError: no lock can be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            lock = _lock(descriptor, file, wait)
        except BaseException:
            os.close(descriptor)
            raise
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(_signature()).encode(), 0)
        except BaseException:  # the disk is full
            lock.release()
            raise
    except BlockingIOError:
        return None
    except OSError as error:
        raise MwmError(f"{file}: cannot be locked: {system.told(error)}") from None
    return lock


@contextmanager
def holding(file: Path) -> Iterator[None]:
    """Hold the lock `file` in the block, after waiting for another process that has it.

    Raises:
        MwmError: no lock can be made.
    """
    lock = acquire(file, wait=True)
    assert lock is not None
    try:
        yield
    finally:
        lock.release()


def holder(file: Path) -> dict[str, Any] | None:
    """Who holds the lock: pid, pid_started, command, started (Unix seconds); None: nobody.

    Without flock also `host`, and if that is another computer `note`: the file that holds the lock.
    """
    for note, found in flockless.notes(file):
        return found | ({"note": str(note)} if found["host"] != flockless.HOST else {})
    try:
        signed: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return signed if processes.alive(signed["pid"], signed["pid_started"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def told(found: dict[str, Any]) -> str:
    """Where the process is that holds a lock, as `holder` tells."""
    if "note" not in found:
        return f"pid {found['pid']}"
    return f"pid {found['pid']} of {found['host']}: if that is gone, delete {found['note']}"


def flock_works(folder: Path) -> bool:
    """Whether the file system of `folder`, where this process may write, has flock."""
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            return error.errno not in flockless.LACKING
    return True


def _lock(descriptor: int, file: Path, wait: bool) -> Lock:
    """Lock an open file.

    Raises:
        BlockingIOError: another process has it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno not in flockless.LACKING:
            raise
        return Lock(descriptor, flockless.take(file, _signature(), wait))
    return Lock(descriptor)


def _signature() -> dict[str, Any]:
    """What a lock says of who holds it."""
    pid = os.getpid()
    return {
        "pid": pid,
        "pid_started": processes.started(pid),
        "command": processes.command(sys.argv),
        "started": round(time.time()),
    }
