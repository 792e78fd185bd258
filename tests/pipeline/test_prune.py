"""`mwm prune` lists and deletes what no stage has any more, and nothing else."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from small_project import Project

HALF = "w/d/.out.txt.ab_12xyz.txt"
CHECKPOINT, PROGRESS = ".mwm/checkpoints/anchor.safetensors", ".mwm/progress/anchor.json"


def _drop_world(project: Project) -> None:
    project.edit("params.yaml", ", d: 4", "")
    project.edit("dvc.yaml", ", w/d/out.txt", "")


def _note(project: Project, pid: int) -> None:
    (project / PROGRESS).parent.mkdir(parents=True)
    (project / PROGRESS).write_text(json.dumps({"label": "anchor", "pid": pid, "pid_started": 1}))


@pytest.fixture
def littered(made: Project) -> Project:
    """A project without its fourth world, and with half a file, a checkpoint and a note."""
    _drop_world(made)
    (made / HALF).write_text("half")
    (made / CHECKPOINT).parent.mkdir(parents=True)
    (made / CHECKPOINT).write_bytes(bytes(3400))
    _note(made, 10**9)
    return made


def test_nothing_is_left_over_of_a_pipeline_that_ran(made: Project) -> None:
    assert made.told("prune") == {"files": [], "entries": [], "size": 0, "deleted": False}


def test_leftovers_are_listed_and_stay(littered: Project) -> None:
    told = littered.told("prune")
    found = {each["path"]: (each["kind"], each["size"]) for each in told["files"]}
    assert found.keys() == {"w/d/out.txt", HALF, CHECKPOINT, PROGRESS}
    assert found[CHECKPOINT] == ("checkpoint", 3400)
    assert found[HALF] == ("temporary", 4)
    assert told["entries"] == ["world@d"]
    assert all((littered / path).exists() for path in found)
    assert "3.4 kB  checkpoint  .mwm/checkpoints/anchor.safetensors" in littered.mwm("prune")


def test_with_yes_they_go_and_all_else_stays(littered: Project) -> None:
    def files() -> set[str]:
        found = (path for path in littered.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(littered.folder)) for path in found}

    before = files()
    littered.mwm("prune", "--yes")
    gone = {path for path in before - files() if not path.startswith(".dvc/tmp")}
    assert gone == {"w/d/out.txt", HALF, CHECKPOINT, PROGRESS}
    assert not (littered / "w/d").exists()
    assert littered.told("prune") == {"files": [], "entries": [], "size": 0, "deleted": False}
    assert littered.told("check")["gone"] == []


def test_checkpoints_can_be_kept(littered: Project) -> None:
    littered.mwm("prune", "--yes", "--keep-checkpoints")
    assert (littered / CHECKPOINT).exists()
    assert not (littered / HALF).exists()


def test_an_output_without_an_entry_goes_by_its_name(made: Project) -> None:
    (made / "w/old").mkdir()
    (made / "w/old/out.txt").write_text("of a world that was")
    (made / "w/old/notes.txt").write_text("not made by any stage")
    made.mwm("prune", "--yes")
    assert [path.name for path in (made / "w/old").iterdir()] == ["notes.txt"]


def test_what_git_tracks_stays(littered: Project) -> None:
    subprocess.run(["git", "add", "--force", "w/d/out.txt", HALF], check=True)
    littered.mwm("prune", "--yes")
    assert (littered / "w/d/out.txt").exists()
    assert (littered / HALF).exists()


def test_nothing_outside_is_reached_through_a_link(littered: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (littered / "w/d").rename(outside)
    (littered / "w/d").symlink_to(outside)
    littered.mwm("prune", "--yes")
    assert (outside / "out.txt").exists()


def test_nothing_goes_while_a_stage_is_at_work(littered: Project) -> None:
    started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    note = {"label": "anchor", "pid": os.getpid(), "pid_started": started}
    (littered / PROGRESS).write_text(json.dumps(note))
    said = littered.mwm("prune", "--yes", code=1)
    assert f"found anchor (pid {os.getpid()})" in said
    assert (littered / HALF).exists()


def test_without_an_answer_of_git_nothing_goes(
    littered: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)  # no `safe.directory`
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    said = littered.mwm("prune", "--yes", code=1)
    assert "expected an answer of `git " in said
    assert "dubious ownership" in said
    assert said.count("\n") == 1
    assert (littered / "w/d/out.txt").exists()
    assert (littered / HALF).exists()


def test_without_the_program_git_nothing_goes(
    littered: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(littered.folder))
    assert "No such file or directory: 'git'" in littered.mwm("prune", "--yes", code=1)
    assert (littered / HALF).exists()


def test_the_repository_of_a_hook_is_not_asked(
    littered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "add", "--force", "w/d/out.txt", HALF], check=True)
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "other")], check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    littered.mwm("prune", "--yes")
    assert (littered / "w/d/out.txt").exists()
    assert (littered / HALF).exists()


def test_a_project_without_git_is_pruned(littered: Project) -> None:
    littered.edit(".dvc/config", "[core]\n", "[core]\n    no_scm = true\n")
    shutil.rmtree(littered / ".git")
    littered.mwm("prune", "--yes")
    assert not (littered / "w/d/out.txt").exists()
    assert (littered / "w/c/out.txt").exists()
