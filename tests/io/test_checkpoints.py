"""Checkpoints: for the same work alone, whole or not at all, and few of them kept."""

import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from safetensors.numpy import save_file

from mwm import UsageError
from mwm.io import checkpoints
from mwm.io.checkpoints import Shelf

ARRAYS = {"a": np.arange(600.0), "b": np.arange(3)}
NOTES = {"step": 3, "rows": [[1, 0.5]]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint of the key "key"."""
    path = tmp_path / "latest.safetensors"
    assert checkpoints.save(path, "key", ARRAYS, NOTES)
    return path


def test_a_checkpoint_is_read_as_it_was_written(path: Path) -> None:
    found = checkpoints.load(path, "key")
    assert found
    arrays, notes = found
    assert notes == NOTES
    assert arrays.keys() == ARRAYS.keys()
    assert all(np.array_equal(arrays[name], array) for name, array in ARRAYS.items())
    assert checkpoints.load(path.with_name("none"), "key") is None


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1  # of an array
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("other", lambda path: None),
        ("key", _flip),
        ("key", lambda path: path.write_bytes(path.read_bytes()[:-1])),
        ("key", lambda path: save_file({"a": np.zeros(3)}, path)),
        ("key", lambda path: save_file({"a": np.zeros(3)}, path, {"key": "key", "notes": "{}"})),
    ],
    ids=["another key", "a flipped bit", "a lost end", "no notes", "no checksum"],
)
def test_a_checkpoint_that_is_damaged_or_of_other_work_is_told_and_not_used(
    path: Path, capsys: pytest.CaptureFixture[str], key: str, change: Callable[[Path], None]
) -> None:
    change(path)
    assert checkpoints.load(path, key) is None
    said = capsys.readouterr().err
    assert said.startswith(f"note: {path}: ")
    assert said.endswith(", not used\n")


def test_a_full_disk_leaves_the_checkpoint_before_and_the_work_goes_on(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        assert not checkpoints.save(path, "key", ARRAYS, {"step": 4})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "note: going on without a checkpoint: " in capsys.readouterr().err
    assert path.read_bytes() == whole
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_work_of_other_arrays_settings_or_numbers_has_another_fingerprint() -> None:
    array = np.arange(6)
    works = [
        *([array], [array[::-1]], [array.reshape(2, 3)], [array.view(np.uint64)], [{"a": array}]),
        *([{"a": 1, "b": 2}], [{"a": 2, "b": 1}], [{"b": 1, "a": 2}], [{"a": 1}], [{"c": 1}]),
        *([[1], [2]], [[1, 2]], [[], [1, 2]], [1, 2], [12], ["1", "2"], [True], [1.0], [None], []),
    ]
    found = [checkpoints.fingerprint(*work) for work in works]
    assert {found.count(one) for one in found} == {1}
    assert checkpoints.fingerprint(array[::2]) == checkpoints.fingerprint(array[::2].copy())


@pytest.mark.parametrize(
    ("name", "matters"),
    [("mwm.any", True), ("stages.any", True), ("mwm.runtime.any", False), ("any", False)],
)
def test_code_that_changes_results_changes_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, matters: bool
) -> None:
    module = ModuleType(name)
    module.__file__ = str(tmp_path / "any.py")
    monkeypatch.setitem(sys.modules, name, module)
    found = []
    for text in ("RATE = 1", "RATE = 2"):
        (tmp_path / "any.py").write_text(text)
        found.append(checkpoints.fingerprint("work"))
    assert (found[0] != found[1]) == matters


def test_another_version_of_a_package_changes_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = checkpoints.fingerprint("work")
    (tmp_path / "numpy-0.9.dist-info").mkdir()
    (tmp_path / "numpy-0.9.dist-info/METADATA").write_text("Name: numpy\nVersion: 0.9\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert checkpoints.fingerprint("work") != before


def test_of_each_label_the_two_folders_used_last_stay(tmp_path: Path) -> None:
    """Those of the present params, and of those before: who sets a value back goes on at once."""
    claimed: list[Path] = []
    shelf = Shelf(tmp_path, claimed.append)
    other = checkpoints.place(shelf, "see/other", "a")
    for key, left in (("a", "a"), ("b", "ab"), ("a", "ab"), ("a", "ab"), ("c", "ac"), ("d", "cd")):
        here = checkpoints.place(shelf, "see mirror", key)
        (here / "latest.safetensors").touch()
        assert claimed[-1] == here
        folders = {folder for folder in here.parent.iterdir() if folder.is_dir()}
        assert folders == {tmp_path / "see-mirror" / name for name in left}
        assert all((folder / "latest.safetensors").exists() for folder in folders)
    assert other.is_dir()


def test_a_pause_of_no_seconds_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MWM_CHECKPOINT_SECONDS", raising=False)
    assert checkpoints.every() == 30
    monkeypatch.setenv("MWM_CHECKPOINT_SECONDS", "0")
    assert checkpoints.every() == 0
    monkeypatch.setenv("MWM_CHECKPOINT_SECONDS", "-0.1")
    with pytest.raises(UsageError, match=r"expected seconds, 0 or more, found '-0\.1'"):
        checkpoints.every()
