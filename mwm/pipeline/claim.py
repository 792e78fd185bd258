"""One `mwm repro` at a time in a project."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.pipeline.project import root
from mwm.runtime import lockfile

PLACE = Path(".mwm/locks/run")


@contextmanager
def claimed() -> Iterator[None]:
    """Hold the project's lock.

    Raises:
        MwmError: another process holds it.
    """
    lock = lockfile.acquire(root() / PLACE)
    if lock is None:
        who = holder() or {"pid": "unknown", "command": "unknown"}
        raise MwmError(
            f"{root()}: expected no other `mwm repro`, found `{who['command']}` at work "
            f"({lockfile.told(who)}); wait for it (`mwm status`), or stop it"
        )
    try:
        yield
    finally:
        lock.release()


def holder() -> dict[str, Any] | None:
    """Who holds the lock, as `lockfile.holder` tells; None if nobody does."""
    return lockfile.holder(root() / PLACE)
