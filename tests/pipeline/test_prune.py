"""`mwm prune` lists and deletes what no stage has any more, and nothing else."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from small_project import Project

from mwm.pipeline import claim
from mwm.runtime.processes import started

LOCKS = {".dvc", ".mwm"}
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


def test_checkpoints_stay_of_stages_that_are_there(littered: Project) -> None:
    with (littered / "dvc.yaml").open("a") as file:
        file.write("  study: {cmd: run, outs: [runs/new/models/out.txt]}\n")
    there = [*(".mwm/checkpoints/" + name for name in ("start", "world-a", "joined-a"))]
    there.append("runs/new/.mwm/checkpoints/see-d")
    gone = [".mwm/checkpoints/world-d", ".mwm/checkpoints/d", "runs/old/.mwm/checkpoints/see-a"]
    gone.append("runs/group/old/.mwm/checkpoints/see-a")  # an ablation
    for place in (*there, *gone):
        (littered / place / "0123").mkdir(parents=True)
    found = {each["path"] for each in littered.told("prune", "--yes")["files"]}
    assert {path for path in found if "/checkpoints/" in path} == {*gone, CHECKPOINT}
    assert all((littered / place).is_dir() for place in there)
    assert not any((littered / place).exists() for place in gone)


def _commit() -> None:
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run(["git", "commit", "--quiet", "-m", "state"], check=True)


def _whys(project: Project) -> dict[str, str]:
    return {each["path"]: each["why"] for each in project.told("prune")["files"]}


def test_a_listing_says_why(littered: Project) -> None:
    assert _whys(littered) == {
        "w/d/out.txt": "output of world@d, which dvc.lock names",
        HALF: "out.txt, half-written by a process that was killed",
        CHECKPOINT: "of a stage that is gone",
        PROGRESS: "of a process that is gone",
    }
    assert "w/d/out.txt  (output of world@d, which dvc.lock names)" in littered.mwm("prune")


def test_what_is_left_in_a_folder_that_a_stage_reads_whole_is_listed(fresh: Project) -> None:
    """The playground reads data/worlds, and so a world that was removed stayed there unseen."""
    four = "deps: [w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt]"
    fresh.edit("dvc.yaml", four, "deps: [w]")
    fresh.run("dvc", "repro")
    (fresh / "w/notes.txt").write_text("my own")
    assert _whys(fresh) == {}
    fresh.edit("params.yaml", ", d: 4", "")
    assert _whys(fresh) == {"w/d/out.txt": "output of world@d, which dvc.lock names"}
    fresh.mwm("prune", "--yes")
    assert sorted(path.name for path in (fresh / "w").iterdir()) == ["a", "b", "c", "notes.txt"]


def test_what_an_earlier_lock_file_names_goes(made: Project) -> None:
    _commit()
    named = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True).strip()
    _drop_world(made)
    lock = (made / "dvc.lock").read_text()
    (made / "dvc.lock").write_text(lock[: lock.index("  world@d:")])
    _commit()
    assert _whys(made) == {
        "w/d/out.txt": f"output of world@d, which dvc.lock of commit {named} names"
    }
    made.mwm("prune", "--yes")
    assert not (made / "w/d").exists()
    assert (made / "w/c/out.txt").exists()


def test_what_the_run_cache_names_goes_if_it_has_that_content(made: Project) -> None:
    _drop_world(made)
    lock = (made / "dvc.lock").read_text()
    (made / "dvc.lock").write_text(lock[: lock.index("  world@d:")])
    assert "which DVC's run-cache names with this content" in _whys(made)["w/d/out.txt"]
    (made / "w/d/out.txt").unlink()
    (made / "w/d/out.txt").write_text("my own")
    assert _whys(made) == {}


def test_an_entry_of_the_run_cache_that_is_no_text_names_nothing(made: Project) -> None:
    entry = made / ".dvc/cache/runs/aa/bb/cc"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b"cmd: \xff\nouts:\n- path: z\n")
    assert "0 files or folders" in made.mwm("prune")


def test_what_no_record_names_stays(made: Project) -> None:
    """Though its name is like that of an output."""
    _commit()
    shutil.copytree(made / "w/a", made / "w/a_best")
    (made / "w/a_best/.out.txt.ab_12xyz.txt").write_text("mine, too")
    (made / "w/a/notes.txt").write_text("not made by any stage")
    (made / "w/a/.notes.txt.ab_12xyz.txt").write_text("nor this")
    assert _whys(made) == {}


def test_outputs_that_are_called_by_a_parameter_delete_nothing_else(fresh: Project) -> None:
    (fresh / "params.yaml").write_text("train: {model: model.txt}\n")
    stage = '{cmd: "echo 1 > ${train.model}", outs: ["${train.model}"]}'
    (fresh / "dvc.yaml").write_text(f"stages: {{train: {stage}}}\n")
    (fresh / ".gitignore").write_text("/.venv/\n/notes.txt\n/model.txt\n")
    (fresh / ".venv").mkdir()
    (fresh / ".venv/python").write_text("an interpreter")
    (fresh / "notes.txt").write_text("mine")
    fresh.run("dvc", "repro", "--quiet")
    fresh.mwm("prune", "--yes")
    for name in (".git/HEAD", ".dvc/config", ".venv/python", "notes.txt", "model.txt", "dvc.yaml"):
        assert (fresh / name).exists(), name


@pytest.mark.parametrize(
    "name", [".", "..", ".venv", "folder/.env", "source.txt", "sub", "project", "project/a", "w"]
)
def test_some_paths_stay_whatever_a_record_says(made: Project, name: str) -> None:
    for folder in (".venv", "folder", "sub", "project/.git"):
        (made / folder).mkdir(parents=True)
    for file in (".venv/python", "folder/.env", "sub/tracked.txt", "project/a"):
        (made / file).write_text("mine")
    entry = f"  gone:\n    cmd: run\n    outs:\n    - path: {name}\n"
    with (made / "dvc.lock").open("a") as lock:
        lock.write(entry)
    subprocess.run(["git", "add", "--force", "sub/tracked.txt"], check=True)

    def files() -> list[Path]:  # but those of DVC's and our locks
        return [each for each in made.folder.rglob("*") if not LOCKS & {*each.parts}]

    before = sorted(files())
    made.mwm("prune", "--yes")
    assert before == sorted(files())


def test_what_lies_in_another_folder_than_the_record_stays(made: Project) -> None:
    """dvc.lock names outputs as seen from `wdir`, which only dvc.yaml tells."""
    stage = "  far:\n    wdir: w\n    cmd: echo 1 > far.txt\n    outs: [far.txt]\n"
    pipeline = (made / "dvc.yaml").read_text()
    (made / "dvc.yaml").write_text(pipeline + stage)
    made.run("dvc", "repro", "--quiet")
    _commit()
    (made / "dvc.yaml").write_text(pipeline)
    (made / "far.txt").write_text("mine")
    made.mwm("prune", "--yes")
    assert (made / "far.txt").exists()


def _leave(project: Project, outs: str) -> None:
    """A folder with a file in it, whose stage dvc.lock alone has, with these outputs."""
    with (project / "dvc.lock").open("a") as lock:
        lock.write(f"  gone:\n    cmd: run\n    outs:\n{outs}")
    (project / "w/old").mkdir()
    (project / "w/old/out.txt").write_text("of a world that was")
    assert _whys(project) == {"w/old": "output of gone, which dvc.lock names"}


def test_what_lies_in_a_leftover_goes_with_it(made: Project) -> None:
    _leave(made, "    - path: w/old\n    - path: w/old/out.txt\n")
    made.mwm("prune", "--yes")
    assert not (made / "w/old").exists()


def test_files_of_ones_own_in_a_leftover_folder_are_told(made: Project) -> None:
    """A listing named the folder of a run, and not the notes that lay in it."""
    _leave(made, "    - path: w/old\n      nfiles: 1\n")
    (made / "w/old/notes.txt").write_text("mine")
    why = "output of gone, which dvc.lock names with 1 of its 2 files"
    assert _whys(made) == {"w/old": why}


@pytest.mark.parametrize("name", ["dvc.yaml", "params.yaml"])
def test_a_project_that_only_lacks_a_file_has_no_stages_that_are_gone(
    made: Project, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without dvc.yaml all entries of dvc.lock, and checkpoints, were to be deleted."""
    _commit()
    (made / name).unlink()
    for command in ("prune", "check", "plan"):
        told = made.mwm(command, code=2)
        assert f"{name}: expected it beside dvc.lock, found none; `git checkout {name}`" in told
    with monkeypatch.context() as below:
        below.chdir(made / "w")
        assert f"`git checkout ../{name}` brings it back" in made.mwm("check", code=2)
    subprocess.run(["git", "rm", "-q", "--cached", name], check=True)
    made.mwm("prune", code=0 if name == "dvc.yaml" else 2)


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
    note = {"label": "anchor", "pid": os.getpid(), "pid_started": started(os.getpid())}
    (littered / PROGRESS).write_text(json.dumps(note))
    said = littered.mwm("prune", "--yes", code=1)
    assert f"found anchor (pid {os.getpid()})" in said
    assert (littered / HALF).exists()


def test_nothing_goes_while_a_run_may_begin(littered: Project) -> None:
    """One that began between the listing and the deleting lost what it had found to be there."""
    with claim.claimed():
        said = littered.mwm("prune", "--yes", code=1)
    assert "expected no other `mwm repro`" in said
    assert (littered / HALF).exists()


def test_what_a_removed_pipeline_below_made_goes_and_is_named_with_its_file(made: Project) -> None:
    """Its lock file hid its outputs, and its entries were told as those of the project's own."""
    below = made / "below"
    below.mkdir()
    (below / "dvc.yaml").write_text("stages: {start: {cmd: echo 1 > out.txt, outs: [out.txt]}}\n")
    made.run("dvc", "repro", "--quiet", "below/dvc.yaml")
    subprocess.run(["git", "add", "below/dvc.yaml"], check=True)
    subprocess.run(["git", "commit", "--quiet", "-m", "below"], check=True)
    (below / "dvc.yaml").unlink()
    told = made.told("prune")
    assert [each["path"] for each in told["files"]] == ["below/out.txt"]
    assert told["entries"] == ["below/dvc.yaml:start"]
    assert "start in below/dvc.lock  (dvc.yaml has no such stage)" in made.mwm("prune")
    assert "below/dvc.yaml:start: in dvc.lock" in made.mwm("check", code=1)
    made.mwm("prune", "--yes")
    assert not (below / "out.txt").exists()
    assert (made / "start.txt").exists()


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
