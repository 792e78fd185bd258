"""A fresh clone gets everything from a remote: with dvc.lock, and by the run cache without."""

from pathlib import Path

import pytest
from workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the project in which everything has run, pushed to a remote in a folder."""
    folder = tmp_path_factory.mktemp("remote")
    workspace = Workspace(folder / "origin")
    workspace.run("-m", "dvc", "remote", "add", "--default", "storage", str(folder / "storage"))
    workspace.repro()
    workspace.run("-m", "dvc", "push", "--run-cache", "--quiet")
    workspace.commit()
    return workspace


@pytest.fixture
def clone(origin: Workspace, tmp_path: Path) -> Workspace:
    """A fresh clone, without data and without a cache."""
    clone = origin.clone(tmp_path / "clone")
    assert not (clone.folder / ".dvc" / "cache").exists()
    return clone


def test_a_clone_pulls_and_runs_nothing(origin: Workspace, clone: Workspace) -> None:
    assert clone.repro("--pull") == []
    assert clone.outputs() == origin.outputs()
    assert (clone.folder / "eval" / "film.h5").is_file()


def test_without_a_lock_the_run_cache_answers_for_all_but_what_git_keeps(
    origin: Workspace, clone: Workspace
) -> None:
    """Stages with files that are Git's, `cache: false`, have no run cache."""
    (clone.folder / "dvc.lock").unlink()
    ran = clone.repro("--pull")
    assert sorted(ran) == ["playground", "pretrained", "report", "tabulate-transfer"]
    assert clone.outputs() == origin.outputs()
