"""One `mwm run` at a time in a project: a lock that ends with its process and says who holds it."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mwm import MwmError, process
from mwm.pipeline.project import root

PLACE = Path(".mwm/locks/run")


@contextmanager
def claimed() -> Iterator[None]:
    """Hold the project's lock.

    Raises:
        MwmError: another process holds it.
    """
    path = root() / PLACE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = holder() or {"pid": "unknown", "command": "unknown"}
            raise MwmError(
                f"{root()}: expected no other run, found `{who['command']}` at work "
                f"(pid {who['pid']}); wait for it (`mwm status`), or stop it"
            ) from None
        file.truncate(0)
        command = " ".join(["mwm", *sys.argv[1:]])
        me = {"pid": os.getpid(), "pid_started": process.started(os.getpid()), "command": command}
        json.dump(me | {"started": time.time()}, file)
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def holder() -> dict[str, Any] | None:
    """Who holds the lock: pid, command, started (Unix seconds); None if nobody does."""
    try:
        found: dict[str, Any] = json.loads((root() / PLACE).read_text(encoding="utf-8"))
        return found if alive(found["pid"], found["pid_started"]) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def alive(pid: int, started: int) -> bool:
    """Whether the process is there still, and not another one under its number."""
    return process.started(pid) == started
