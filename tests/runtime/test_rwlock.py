"""DVC's own locks are read whole, though DVC writes them in place."""

import json
import time
from pathlib import Path

import pytest

from mwm.runtime import rwlock

WHOLE = json.dumps({"write": {}, "read": {"/a/frames.h5": [{"pid": 12, "cmd": "dvc repro"}]}})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """DVC's list, in a project."""
    path = rwlock.path(tmp_path)
    path.parent.mkdir(parents=True)
    return path


def test_a_list_that_is_just_being_written_is_read_once_it_is_whole(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a stage would not be watched for what it reads, and its edits be recorded as used."""
    parts = [WHOLE[:40], WHOLE[:-1], WHOLE]
    monkeypatch.setattr(time, "sleep", lambda seconds: file.write_text(parts.pop(0)))
    file.write_text("")
    assert rwlock.read(tmp_path) == json.loads(WHOLE)
    assert parts == []


def test_a_list_that_stays_half_is_none(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    file.write_text(WHOLE[:40])
    assert rwlock.read(tmp_path) == {}
    file.unlink()
    assert rwlock.read(tmp_path) == {}
