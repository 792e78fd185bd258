"""One `mwm repro` at a time in a project."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.pipeline.project import required, root
from mwm.runtime import locks

PLACE = Path(".mwm/locks/run")


@contextmanager
def claimed() -> Iterator[None]:
    """Hold the project's lock.

    Raises:
        UsageError: there is no project.
        MwmError: another process holds it.
    """
    descriptor = locks.acquire(required() / PLACE)
    if descriptor is None:
        who = holder() or {"pid": "unknown", "command": "unknown"}
        raise MwmError(
            f"{root()}: expected no other `mwm repro`, found `{who['command']}` at work "
            f"(pid {who['pid']}); wait for it (`mwm status`), or stop it"
        )
    try:
        yield
    finally:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def holder() -> dict[str, Any] | None:
    """Who holds the lock, as `locks.holder` tells; None if nobody does."""
    return locks.holder(root() / PLACE)
