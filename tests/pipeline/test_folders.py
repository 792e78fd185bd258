"""`mwm check` names the files that changed in a folder that a stage depends on."""

import subprocess
from pathlib import Path

import pytest
from small_project import Project
from workspace import git

from mwm.pipeline.subprocess_environment import unbound


def reasons(project: Project) -> list[tuple[str, str]]:
    (stale, *_) = project.told("check", code=1)["stale"]
    assert stale["stage"] == "start"
    return [(reason["kind"], reason["what"]) for reason in stale["reasons"]]


@pytest.fixture
def project(fresh: Project) -> Project:
    """One whose first stage depends on a folder of code; it has run, and is committed."""
    fresh.edit("dvc.yaml", "deps: [source.txt]", "deps: [source.txt, code]")
    (fresh / "code/inner").mkdir(parents=True)
    (fresh / "code/one.py").write_text("one = 1\n")
    (fresh / "code/inner/two.py").write_text("two = 2\n")
    (fresh / ".dvcignore").write_text("__pycache__/\n")
    fresh.run("dvc", "repro", "--quiet", "start")
    git(fresh.folder, "add", "--all")
    git(fresh.folder, "commit", "--quiet", "-m", "state")
    return fresh


def test_the_changed_files_are_named_not_the_folder(project: Project) -> None:
    project.edit("code/inner/two.py", "2", "3")
    (project / "code/__pycache__").mkdir()
    (project / "code/__pycache__/one.pyc").write_bytes(b"compiled")
    assert reasons(project) == [("dep", "code/inner/two.py")]
    said = project.mwm("check", "start", code=1).splitlines()
    assert said[:2] == ["start:", "  dep code/inner/two.py changed"]
    assert "dep code/inner/two.py changed" in project.mwm("plan", "start")


def test_a_file_that_git_does_not_track_is_told_as_such(project: Project) -> None:
    (project / "code/stray.py").write_text("")
    assert reasons(project) == [("untracked", "code/stray.py")]
    said = project.mwm("check", "start", code=1)
    assert "code/stray.py is in a folder of deps, and Git does not track it" in said


def test_what_came_and_went_since_is_named_wherever_git_is_now(project: Project) -> None:
    (project / "code/one.py").unlink()
    (project / "code/three.py").write_text("three = 3\n")
    git(project.folder, "add", "--all")
    git(project.folder, "commit", "--quiet", "-m", "later")
    assert reasons(project) == [("dep", "code/one.py"), ("dep", "code/three.py")]


def test_a_lock_of_code_that_was_never_committed_is_compared_with_its_commit(
    project: Project,
) -> None:
    project.edit("code/one.py", "1", "5")
    project.run("dvc", "repro", "--quiet", "start")
    project.edit("code/one.py", "5", "1")
    git(project.folder, "commit", "--quiet", "-m", "a lock of other code", "dvc.lock")
    project.edit("code/inner/two.py", "2", "3")
    assert reasons(project) == [("dep", "code/inner/two.py")]


def test_without_commits_the_folder_is_named(project: Project) -> None:
    git(project.folder, "update-ref", "-d", "HEAD")
    project.edit("code/one.py", "1", "5")
    assert reasons(project) == [("dep", "code")]


def test_where_git_does_not_answer_the_folder_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`check` and `plan` stopped, though Git is asked for the name of a file alone."""
    project.edit("code/one.py", "1", "2")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reasons(project) == [("dep", "code")]
    assert "start runs" in project.mwm("plan", "start")


def test_outputs_in_a_folder_of_deps_are_no_untracked_files(fresh: Project) -> None:
    """DVC writes a .gitignore beside outputs, and that is tracked."""
    fresh.edit(
        "dvc.yaml", "deps: [w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt]", "deps: [w]"
    )
    fresh.edit(".gitignore", "/w/\n", "")
    fresh.run("dvc", "repro", "--quiet")
    git(fresh.folder, "add", "--all")
    git(fresh.folder, "commit", "--quiet", "-m", "state")
    (fresh / "w/b/out.txt").unlink()
    (fresh / "w/b/out.txt").write_text("other\n")
    told = {each["stage"]: each["reasons"] for each in fresh.told("check", code=1)["stale"]}
    assert told["join"] == [{"kind": "dep", "what": "w"}]


def test_a_link_to_the_folder_counts_as_the_folder(project: Project, tmp_path: Path) -> None:
    """So a project inside another reaches code above it, and its own .dvcignore holds."""
    project.edit("dvc.yaml", "source.txt, code]", "source.txt, linked]")
    (project / "linked").symlink_to("code")
    project.run("dvc", "repro", "--quiet", "start")
    project.edit("code/one.py", "1", "5")
    assert reasons(project) == [("dep", "linked/one.py")]


@pytest.mark.parametrize("where", ["lib", "../lib"])
def test_of_a_folder_of_another_repository_the_folder_is_named(fresh: Project, where: str) -> None:
    """Its Git was asked for a commit of the project's, and `check`, `plan` and `repro` ended."""
    inner = fresh / where
    inner.mkdir()
    (inner / "one.py").write_text("one = 1\n")
    fresh.edit("dvc.yaml", "deps: [source.txt]", f"deps: [source.txt, {where}]")
    for folder in (inner, fresh.folder):
        subprocess.run(["git", "init", "--quiet", str(folder)], env=unbound(), check=True)
    git(inner, "add", "--all")
    git(inner, "commit", "--quiet", "-m", "inner")
    fresh.run("dvc", "repro", "--quiet", "start")
    git(fresh.folder, "add", "dvc.yaml", "dvc.lock")
    git(fresh.folder, "commit", "--quiet", "-m", "state")
    (inner / "one.py").write_text("one = 2\n")
    assert reasons(fresh) == [("dep", where)]
    assert "start" in fresh.mwm("plan")
