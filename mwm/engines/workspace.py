"""Where a worker works: a folder of its node, gone when it ends, or when the next worker begins."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mwm import MwmError
from mwm.runtime import lockfile

SCRATCH = "MWM_SCRATCH"  # a folder for workspaces; that of temporary files if unset or empty
PREFIX, LOCK = "mwm-", ".lock"  # a workspace's name, and what is held beside it while it is used


@contextmanager
def workspace() -> Iterator[Path]:
    """A new folder for the time of a `with` block; those of killed workers are removed before.

    Raises:
        OSError: there is no such place, or it cannot be written.
        MwmError: nothing can be locked there.
    """
    root = Path(os.environ.get(SCRATCH) or tempfile.gettempdir()).absolute()
    _sweep(root)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    try:
        with lockfile.holding(_lock(folder)):
            yield folder
    finally:
        _remove(folder)


def _lock(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK)


def _sweep(root: Path) -> None:
    """Remove workspaces whose workers live no more: their locks can be had."""
    for lock in root.glob(f"{PREFIX}*{LOCK}"):
        with suppress(MwmError, OSError):  # another user's
            if held := lockfile.acquire(lock):
                _remove(lock.with_suffix(""))
                held.release()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _lock(folder).unlink(missing_ok=True)
