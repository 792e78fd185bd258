"""Copies are complete or not made, and what hinders them is told in one line."""

import resource
import signal
from pathlib import Path

import pytest

from mwm import ArtefactError, MwmError
from mwm.io.files import copy


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.csv").write_text("a\n")
    (folder / "deep/b.bin").write_bytes(bytes(200_000))
    return folder


def test_a_folder_and_a_file_are_copied(source: Path, tmp_path: Path) -> None:
    copy(source, tmp_path / "made")
    copy(source / "a.csv", tmp_path / "made/again/a.csv")
    made = {p.relative_to(tmp_path / "made").as_posix() for p in (tmp_path / "made").rglob("*.*")}
    assert made == {"a.csv", "again/a.csv", "deep/b.bin"}
    assert (tmp_path / "made/deep/b.bin").read_bytes() == bytes(200_000)


def test_a_disk_without_room_leaves_what_was_there(source: Path, tmp_path: Path) -> None:
    """A good file was replaced by the first tenth of another."""
    kept = tmp_path / "made/deep/b.bin"
    kept.parent.mkdir(parents=True)
    kept.write_text("good")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
        with pytest.raises(MwmError, match=r"b\.bin: cannot be written: "):
            copy(source, tmp_path / "made")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert kept.read_text() == "good"
    assert [path.name for path in kept.parent.iterdir()] == ["b.bin"]


def test_a_link_that_leads_nowhere_is_told(source: Path, tmp_path: Path) -> None:
    """It was reported as a fault of mwm itself."""
    (source / "gone.csv").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ArtefactError, match=r"gone\.csv: not found"):
        copy(source, tmp_path / "made")
