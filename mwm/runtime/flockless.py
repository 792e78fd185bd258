"""Locks without flock: whoever wants one writes a note beside its file, then reads all notes.

Of two that write at once each sees the other, so at most one goes on. A note counts as long as its
process lives. Whether one on another computer does cannot be known: its note counts until it is
deleted, by itself or by somebody who knows.
"""

import errno
import json
import platform
import random
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from mwm.io import files
from mwm.runtime import processes

# What flock says there: Lustre and FUSE, NFS without its daemon, shares of other systems.
LACKING = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}
HOST = platform.node()
TRIES = 5  # to tell a process that holds a lock from one that wants it, too
PAUSE = (0.05, 0.2)  # seconds between two tries, so that of two processes one is alone


def take(file: Path, signature: dict[str, Any], wait: bool) -> Path:
    """Take the lock `file`: the note that holds it until it is deleted.

    Raises:
        BlockingIOError: another process has it, and this one is not to wait.
        MwmError: no note can be written.
    """
    for _ in count() if wait else range(TRIES):
        note = file.with_name(f"{file.name}.{uuid.uuid4().hex}.note")
        files.write_text(note, json.dumps({**signature, "host": HOST}))
        try:
            if all(path == note for path, _ in notes(file)):
                return note
        except BaseException:  # an interrupt, or a note that this user may not read
            note.unlink(missing_ok=True)
            raise
        note.unlink(missing_ok=True)
        time.sleep(random.uniform(*PAUSE))
    raise BlockingIOError


def notes(file: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The notes about the lock `file` that count, and what they say; others are removed."""
    for path in sorted(file.parent.glob("*.note")):
        if path.stem.rpartition(".")[0] != file.name:
            continue
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:  # just now
            continue
        except ValueError:  # written when the machine lost its power
            found = {}
        if found and (found["host"] != HOST or processes.alive(found["pid"], found["pid_started"])):
            yield path, found
        else:
            with suppress(OSError):
                path.unlink()
