"""A project in a folder of a larger Git repository is served by that repository."""

import shutil
import subprocess
from pathlib import Path

import pytest
from small_project import Project
from workspace import commit

SAY = "  say:\n    cmd: python say.py\n    deps: [say.py]\n    outs: [said.txt]\n"


@pytest.fixture(scope="session")
def _enclosed(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    outer = tmp_path_factory.mktemp("enclosed") / "outer"
    subprocess.run(["git", "init", "--quiet", str(outer)], check=True)
    folder = outer / "models" / "pong"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns(".git"))
    (outer / "dvc.yaml").write_text("of another project: [\n")
    project = Project(folder)
    with (folder / "dvc.yaml").open("a") as file:
        file.write(SAY)
    (folder / "say.py").write_text('open("said.txt", "w").write("said")\n')
    with (folder / ".gitignore").open("a") as file:
        file.write("/said.txt\n")
    project.run("dvc", "repro", "--quiet")
    commit(outer)
    return project


@pytest.fixture
def enclosed(_enclosed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that has run, two folders below the repository's top; the working directory."""
    shutil.copytree(_enclosed.folder.parents[1], tmp_path / "outer")
    monkeypatch.chdir(tmp_path / "outer/models/pong")
    return Project(Path.cwd())


def test_nothing_is_stale_planned_or_left_over(enclosed: Project) -> None:
    assert enclosed.told("check")["ran"] == 7
    assert enclosed.told("plan")["steps"] == []
    assert enclosed.told("prune")["files"] == []
    assert not (enclosed / ".git").exists()


def test_a_change_is_found_by_check_and_plan(enclosed: Project) -> None:
    enclosed.edit("params.yaml", "b: 2", "b: 8")
    assert [each["stage"] for each in enclosed.told("check", code=1)["stale"]] == [
        "world@b",
        "join",
    ]
    assert [each["stage"] for each in enclosed.told("plan")["steps"]] == ["world@b", "join"]


def test_code_is_vouched_for_by_what_the_repository_has(enclosed: Project) -> None:
    enclosed.edit("say.py", "open", "# A comment.\nopen")
    assert [each["how"] for each in enclosed.told("vouch")["vouched"]] == ["same program"]
    assert enclosed.told("check")["vouched"] == ["say"]


def test_a_sample_runs_in_a_copy_of_the_folder(enclosed: Project) -> None:
    enclosed.edit("say.py", 'open("said.txt", "w")', 'name = "said.txt"\nopen(name, "w")')
    assert enclosed.told("vouch")["vouched"][0]["how"] == "sample 1 of 1: say"
    assert enclosed.told("check")["vouched"] == ["say"]


def test_leftovers_are_those_that_its_own_history_names(enclosed: Project) -> None:
    enclosed.edit("params.yaml", ", d: 4", "")
    enclosed.edit("dvc.yaml", ", w/d/out.txt", "")
    lock = (enclosed / "dvc.lock").read_text()
    (enclosed / "dvc.lock").write_text(lock[: lock.index("  world@d:")])
    (found,) = enclosed.told("prune")["files"]
    assert found["path"] == "w/d/out.txt"
    assert found["why"].startswith("output of world@d, which dvc.lock of commit ")


def test_a_revision_is_compared_with_the_workspace(enclosed: Project) -> None:
    enclosed.edit("params.yaml", "b: 2", "b: 8")
    assert "| worlds.b | 2 | 8 |" in enclosed.mwm("compare", "HEAD")


def test_in_a_folder_of_the_project_too(enclosed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    enclosed.edit("params.yaml", "b: 2", "b: 8")
    monkeypatch.chdir(enclosed / "w")
    assert "| worlds.b | 2 | 8 |" in enclosed.mwm("compare", "HEAD", "--out", "../out")
