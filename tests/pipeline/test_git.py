"""Who asks another program and gets no answer says so."""

from pathlib import Path

import pytest

from mwm import MwmError
from mwm.pipeline import git


def test_what_git_refuses_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(MwmError, match=r"expected an answer of `git log`, found: fatal: not a git"):
        git.git(tmp_path, "log")


def test_nothing_is_tracked_where_there_is_no_repository(tmp_path: Path) -> None:
    assert git.tracked(tmp_path) == set()


def test_a_repository_that_git_cannot_read_is_no_missing_one(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "folder").mkdir()
    with pytest.raises(MwmError, match="not a git repository"):
        git.tracked(tmp_path / "folder")
