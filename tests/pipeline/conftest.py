"""Small projects to use the tools in: fresh, run, or cloned without data."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from process_engine import ProcessEngine
from small_project import Project, new

from mwm.pipeline import engines
from mwm.pipeline.remote import attempts, receipts


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in which nothing has run; the working directory."""
    project = new(tmp_path / "fresh")
    monkeypatch.chdir(project.folder)
    return project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which everything has run, not to be changed."""
    project = new(tmp_path_factory.mktemp("pipeline") / "made")
    project.run("dvc", "repro", "--quiet")
    subprocess.run(["git", "-C", str(project.folder), "add", "--all"], check=True)
    return project


@pytest.fixture
def made(finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in which everything has run, its files in git's index; the working directory."""
    shutil.copytree(finished.folder, tmp_path / "made")
    monkeypatch.chdir(tmp_path / "made")
    return Project(tmp_path / "made")


@pytest.fixture
def cloned(made: Project) -> Project:
    """The same as after `git clone`: no data, no cache."""
    subprocess.run(["git", "clean", "-dfqX"], check=True)
    assert not (made / "joined.txt").exists()
    assert not (made / ".dvc/cache").exists()
    return made


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessEngine]:
    """Starts workers as processes here, in the place of every cluster."""
    made = ProcessEngine()
    monkeypatch.setattr(engines, "_engine", lambda name, cluster: made)
    monkeypatch.setattr(attempts, "SOON", 0.5)  # this disk shows a receipt at once
    monkeypatch.setattr(receipts, "LOOK", 0.05)  # these stages are soon over
    yield made
    for task in made.tasks:
        task.process.kill()
        task.process.wait()
