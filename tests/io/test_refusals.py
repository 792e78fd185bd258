"""What the system refuses is told as that: no reader calls a file damaged that it cannot read."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from mwm import ArtefactError, MwmError, UsageError
from mwm.io import checkpoints, files, records, rollouts, system
from mwm.io.files import check_folder, read_json, replacing, write_json
from mwm.io.frames import read_frames
from mwm.models.model import initialise, load, save
from mwm.settings.params import Params

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def no_more_files() -> Iterator[None]:
    """A process that has opened all the files that it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def artefacts(tmp_path: Path, worlds: Path, defaults: Params) -> Path:
    """A file of each kind."""
    for name in ("rollouts.h5", "mirror.h5"):
        (tmp_path / name).write_bytes((worlds / name).read_bytes())
    small = defaults.train.model.model_copy(update={"hidden": 8, "latent": 4, "rank": 1})
    save(initialise(small, ["original"], 6, seed=0), tmp_path / "model", {})
    write_json(tmp_path / "some.json", {})
    records.write(tmp_path / "record.json", {})
    return tmp_path


READERS = {
    "frames": lambda folder: read_frames(folder / "mirror.h5", "world"),
    "rollouts": lambda folder: rollouts.opening(folder / "rollouts.h5").__enter__(),
    "model": lambda folder: load(folder / "model"),
    "json": lambda folder: read_json(folder / "some.json"),
    "record": lambda folder: records.read(folder / "record.json"),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_too_many_open_files_are_no_damage(artefacts: Path, read) -> None:
    read(artefacts)
    with no_more_files(), pytest.raises(MwmError) as caught:
        read(artefacts)
    assert not isinstance(caught.value, ArtefactError)
    assert "cannot be read: Too many open files; raise the limit (`ulimit -n`)" in str(caught.value)


def test_too_many_open_files_are_told_by_writers(artefacts: Path) -> None:
    for write in (lambda: write_json(artefacts / "a.json", {}), lambda: check_folder(artefacts)):
        with no_more_files(), pytest.raises(MwmError, match="cannot be written: Too many open fil"):
            write()


def test_a_checkpoint_that_cannot_be_read_is_told_as_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "latest.safetensors"
    assert checkpoints.save(path, "key", {"a": np.zeros(3)}, {})
    with no_more_files():
        assert checkpoints.load(path, "key") is None
    said = capsys.readouterr().err
    assert said.startswith(f"note: {path}: cannot be read (Too many open files; ")
    assert checkpoints.load(path, "key") is not None


LITTLE = """
import resource, sys
from mwm import ArtefactError, MwmError
from mwm.io.frames import read_frames
import h5py
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 20_000_000,) * 2)
try:
    read_frames(sys.argv[1], "world")
except MwmError as error:
    print(isinstance(error, ArtefactError), error)
"""


def test_too_little_memory_is_no_damage(tmp_path: Path, worlds: Path) -> None:
    path = tmp_path / "mirror.h5"
    path.write_bytes((worlds / "mirror.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        del file["frames"]
        file.create_dataset(
            "frames", data=np.zeros((200_000, 512), np.uint8), chunks=(256, 512), compression="gzip"
        )
    from mwm.io import checksum

    checksum.stamp(path)
    told = subprocess.run(
        [sys.executable, "-c", LITTLE, path], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert told == f"False {path}: cannot be read: Cannot allocate memory; {system.MEMORY}\n"


def test_a_folder_without_room_is_told_before_the_work(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        with pytest.raises(MwmError, match="out: cannot be written: File too large; see `ulimit"):
            check_folder(tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    check_folder(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_does_not_fit_in_memory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    for size in (1000, 1001):
        (tmp_path / str(size)).write_bytes(bytes(size))
    assert files.read_bytes(tmp_path / "1000") == bytes(1000)
    told = r"1001: expected at most 1000 bytes \(all memory here\), found 1001"
    with pytest.raises(ArtefactError, match=told):
        files.read_bytes(tmp_path / "1001")


@pytest.mark.parametrize("name", [".", "/dev/null"])
def test_what_is_no_file_is_not_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtefactError, match="not found"):
        files.read_bytes(tmp_path / name)


def test_a_refusal_of_another_file_is_not_told_of_the_one_being_written(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), replacing(tmp_path / "a.h5"):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/pong.bin")
    with pytest.raises(MwmError, match=r"a\.h5: cannot be written"), replacing(tmp_path / "a.h5"):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / ".a.h5.x"))


@pytest.mark.parametrize("given", ["abc", "", "-1", "nan"])
def test_a_pause_between_checkpoints_that_is_none_is_told(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("MWM_CHECKPOINT_SECONDS", given)
    with pytest.raises(UsageError, match="MWM_CHECKPOINT_SECONDS: expected seconds, 0 or more"):
        checkpoints.every()


@pytest.mark.parametrize("locking", [None, True, False])
def test_a_file_that_this_process_has_open_is_read(worlds: Path, locking: bool | None) -> None:
    """As in a notebook that looks at it with h5py."""
    with h5py.File(worlds / "mirror.h5", locking=locking):
        assert len(read_frames(worlds / "mirror.h5", "world").frames)
