"""Claims: one lock for each output, however it is named, and nobody else's files are touched."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mwm import MwmError
from mwm.runtime import lockfile, locks


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project; the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    yield tmp_path
    locks.release_all()


def test_names_of_the_same_output_are_one_claim(folder: Path) -> None:
    """Else two commands that name it in two ways write it at once."""
    (folder / "made").mkdir()
    (folder / "link").symlink_to("made")
    locks.claim(Path("made/out.h5"))
    locks.claim(Path("link/out.h5"), Path("made/../made/out.h5"), folder / "made/out.h5")
    (lock,) = (folder / ".mwm/locks").iterdir()
    assert lock.name.startswith("out.h5-")
    locks.claim(Path("out.h5"))
    assert len([*lock.parent.iterdir()]) == 2, "another folder's is another"


def test_a_claim_leaves_what_others_are_writing_beside_it(folder: Path) -> None:
    theirs = [folder / name for name in (".other.h5.abcdefgh.h5", ".out.csv.abcdefgh.csv")]
    left = folder / ".out.h5.abcdefgh.h5"
    for file in (*theirs, left):
        file.touch()
    locks.claim(Path("out.h5"))
    assert not left.exists()
    assert all(file.exists() for file in theirs)


def test_a_claim_of_a_folder_removes_all_that_was_left_half_written_there(folder: Path) -> None:
    runs = folder / "runs"
    runs.mkdir()
    for name in (".a.csv.abcdefgh.csv", ".b.h5.abcdefgh.h5", ".hidden", "a.csv"):
        (runs / name).touch()
    beside = folder / ".runs.abcdefgh"
    beside.touch()
    assert locks.claim_folder(Path("runs")) == Path("runs")
    assert {path.name for path in runs.iterdir()} == {".hidden", "a.csv"}
    assert beside.exists()


def test_a_lock_names_its_holder_whatever_a_killed_one_left_in_its_file(folder: Path) -> None:
    """A rest of a longer command behind the new one would be no JSON: nobody would be named."""
    file = folder / "lock"
    file.write_text(json.dumps({"pid": 1, "pid_started": 5.0, "command": "mwm " + "x" * 500}))
    assert lockfile.holder(file) is None
    lock = lockfile.acquire(file)
    assert lock is not None
    found = lockfile.holder(file)
    assert found is not None
    assert found["pid"] == os.getpid()
    assert lockfile.acquire(file) is None
    lock.release()
    assert lockfile.holder(file) is None


@pytest.mark.parametrize("place", ["folder", "file/lock"])
def test_a_place_that_takes_no_lock_is_told(folder: Path, place: str) -> None:
    (folder / "folder").mkdir()
    (folder / "file").touch()
    with pytest.raises(MwmError, match=rf"{place}: cannot be locked: \w+"):
        lockfile.acquire(folder / place)


def test_an_error_of_the_system_is_not_taken_for_a_lack_of_flock(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(number: int) -> None:
        def flock(descriptor: int, operation: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(lockfile.fcntl, "flock", flock)

    failing(errno.EIO)
    with pytest.raises(MwmError, match=r"lock: cannot be locked: Input/output error"):
        lockfile.acquire(folder / "lock")
    assert [path.name for path in folder.iterdir()] == ["lock"]
    failing(errno.EINVAL)  # as some FUSE file systems say
    lock = lockfile.acquire(folder / "lock")
    assert lock is not None
    assert lock.note is not None
    assert not lockfile.flock_works(folder)
    lock.release()
    assert [path.name for path in folder.iterdir()] == ["lock"]
