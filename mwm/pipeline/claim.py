"""One `mwm repro`, `mwm vouch` or `mwm prune --yes` at a time in a project."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.pipeline.project import required, root
from mwm.runtime import lockfile

PLACE = Path(".mwm/locks/run")


@contextmanager
def claimed() -> Iterator[None]:
    """Hold the project's lock.

    Raises:
        UsageError: there is no project.
        MwmError: another process holds it.
    """
    lock = lockfile.acquire(required() / PLACE)
    if lock is None:
        who = holder() or {"pid": "unknown", "command": "unknown"}
        raise MwmError(
            f"{root()}: expected no other `mwm repro`, found `{who['command']}` at work "
            f"({lockfile.told(who)}); wait for it (`mwm status`), or stop it"
        )
    try:
        _hide(required() / ".mwm")
        yield
    finally:
        lock.release()


def _hide(folder: Path) -> None:
    """Let Git ignore what runs note, also in a project whose .gitignore does not name it."""
    with suppress(OSError):  # a run that cannot write there tells it by itself
        if not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def holder() -> dict[str, Any] | None:
    """Who holds the lock, as `lockfile.holder` tells; None if nobody does."""
    return lockfile.holder(root() / PLACE)
