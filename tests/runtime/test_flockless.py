"""Locks on file systems without flock hold one process at a time, and end with it."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flock import without_flock

from mwm.runtime import flockless, lockfile, processes

ROOT = Path(__file__).resolve().parents[2]
COUNT = """
import sys, time
from pathlib import Path
from mwm.runtime import lockfile

number = Path("number")
for _ in range(5):
    with lockfile.holding(Path("locks/lock")):
        found = int(number.read_text())
        time.sleep(0.05)
        number.write_text(str(found + 1))
"""


def signature() -> dict[str, object]:
    pid = os.getpid()
    started = processes.started(pid)
    return {"pid": pid, "pid_started": started, "command": "mwm repro", "started": 0}


@pytest.mark.slow
def test_of_many_that_want_a_lock_one_has_it(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("0")
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | without_flock(tmp_path, errno.ENOTSUP)
    command = [sys.executable, "-c", COUNT]
    team = [subprocess.Popen(command, cwd=tmp_path, env=environment) for _ in range(4)]
    assert [each.wait(120) for each in team] == [0] * 4
    assert (tmp_path / "number").read_text() == "20"
    assert [path.name for path in (tmp_path / "locks").iterdir()] == ["lock"]


def test_who_does_not_wait_is_told_that_another_has_it(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    note = flockless.take(file, signature(), wait=False)
    with pytest.raises(BlockingIOError):
        flockless.take(file, signature(), wait=False)
    found = lockfile.holder(file)
    assert found is not None
    assert lockfile.told(found) == f"pid {os.getpid()}"
    note.unlink()
    assert lockfile.holder(file) is None
    flockless.take(file, signature(), wait=False)


def test_a_note_holds_its_own_lock_alone(tmp_path: Path) -> None:
    """All locks of a project are in one folder; that of `frames` waited for that of `frames.h5`."""
    first = flockless.take(tmp_path / "frames.h5", signature(), wait=False)
    second = flockless.take(tmp_path / "frames", signature(), wait=False)
    assert first != second
    assert [path for path, _ in flockless.notes(tmp_path / "frames.h5")] == [first]


@pytest.mark.parametrize("content", ["", '{"pid": 1, "pid_started": 5, "host": "%s"}'])
def test_a_note_of_nobody_is_removed(tmp_path: Path, content: str) -> None:
    """Of a process that was killed, or whose machine lost its power before the note was written."""
    left = tmp_path / "lock.1.note"
    left.write_text(content.replace("%s", flockless.HOST))
    assert list(flockless.notes(tmp_path / "lock")) == []
    assert not left.exists()


def test_a_note_of_another_computer_counts_until_it_is_deleted(tmp_path: Path) -> None:
    left = tmp_path / "lock.1.note"
    left.write_text(json.dumps(signature() | {"host": "node7"}))
    with pytest.raises(BlockingIOError):
        flockless.take(tmp_path / "lock", signature(), wait=False)
    found = lockfile.holder(tmp_path / "lock")
    assert found is not None
    assert lockfile.told(found) == f"pid {os.getpid()} of node7: if that is gone, delete {left}"


@pytest.mark.parametrize("error", [KeyboardInterrupt, PermissionError])
def test_who_is_interrupted_leaves_no_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """On another machine the note held a lock that its process had never had."""

    def interrupted(file: Path) -> None:
        raise error

    monkeypatch.setattr(flockless, "notes", interrupted)
    with pytest.raises(error):
        flockless.take(tmp_path / "lock", signature(), wait=True)
    assert list(tmp_path.iterdir()) == []
