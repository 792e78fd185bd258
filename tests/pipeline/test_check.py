"""`mwm check` says what is stale and why, with data or without."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from small_project import Project

WORLDS = [f"world@{world}" for world in "abcd"]


@pytest.mark.parametrize("state", ["made", "cloned"])
def test_a_pipeline_that_ran_agrees_pulled_or_not(
    state: str, request: pytest.FixtureRequest
) -> None:
    project: Project = request.getfixturevalue(state)
    agreed = {"stale": [], "gone": [], "params": [], "vouched": [], "ran": 6}
    assert project.told("check") == agreed
    assert project.mwm("check") == "check: 6 stages agree with dvc.lock\n"


def _param(project: Project) -> None:
    project.edit("params.yaml", "deep: 2", "deep: 7")


def _code(project: Project) -> None:
    project.edit("source.txt", "hello", "good bye")


def _command(project: Project) -> None:
    project.edit("dvc.yaml", "cp source.txt", "cp -p source.txt")


def _dep(project: Project) -> None:
    (project / "more.txt").write_text("more")
    project.edit("dvc.yaml", "[source.txt]", "[source.txt, more.txt]")


def _lost(project: Project) -> None:
    (project / "source.txt").unlink()


EDITS = {
    _param: {"kind": "param", "what": "params.yaml: make.more.deep", "old": "2", "new": "7"},
    _code: {"kind": "dep", "what": "source.txt"},
    _command: {
        "kind": "command",
        "what": "start",
        "old": "cp source.txt start.txt",
        "new": "cp -p source.txt start.txt",
    },
    _dep: {"kind": "unrecorded", "what": "more.txt"},
    _lost: {"kind": "missing", "what": "source.txt"},
}


@pytest.mark.parametrize("state", ["made", "cloned"])
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_what_changed_is_told_and_all_downstream_is_stale(
    state: str, edit: Callable[[Project], None], request: pytest.FixtureRequest
) -> None:
    project: Project = request.getfixturevalue(state)
    edit(project)
    stale = project.told("check", code=1)["stale"]
    assert [each["stage"] for each in stale] == ["start", *WORLDS, "join"]
    assert stale[0]["reasons"] == [EDITS[edit]]
    assert [(each["reasons"], each["upstream"]) for each in stale[1:]] == [
        *[([], ["start"])] * 4,
        ([], WORLDS),
    ]


def test_one_worlds_param_makes_that_world_stale_and_what_follows(cloned: Project) -> None:
    cloned.edit("params.yaml", "b: 2", "b: 8")
    told = cloned.mwm("check", code=1).splitlines()
    assert told[:4] == [
        "world@b:",
        "  param params.yaml: worlds.b: 2 -> 8",
        "join:",
        "  downstream of world@b",
    ]


def test_a_new_stage_is_not_in_the_lock(cloned: Project) -> None:
    cloned.edit("params.yaml", "d: 4", "d: 4, e: 5")
    (stale,) = cloned.told("check", code=1)["stale"]
    assert stale["reasons"] == [{"kind": "unrecorded", "what": "world@e"}]


def test_a_stage_that_is_gone_is_told(cloned: Project) -> None:
    cloned.edit("params.yaml", ", d: 4", "")
    cloned.edit("dvc.yaml", ", w/d/out.txt", "")
    assert cloned.told("check", code=1)["gone"] == ["world@d"]


@pytest.mark.parametrize("content", ["", "[]\n", None])
def test_a_lock_beside_no_stage_at_all_is_told(cloned: Project, content: str | None) -> None:
    """A bad merge had emptied dvc.yaml, and CI passed."""
    if content is None:  # on purpose: of a file that Git still tracks, another line tells
        subprocess.run(["git", "rm", "-qf", "dvc.yaml"], check=True)
    else:
        (cloned / "dvc.yaml").write_text(content)
    assert "start: in dvc.lock, but dvc.yaml has no such stage" in cloned.mwm("check", code=1)
    assert "entries of dvc.lock left over" in cloned.mwm("prune")
    assert "entries of dvc.lock deleted" in cloned.mwm("prune", "--yes")
    assert "check: 0 stages agree" in cloned.mwm("check")


def test_a_lock_whose_chain_is_broken_is_stale_without_data(cloned: Project) -> None:
    """As a merge may leave it: a stage saw other bytes than the stage before it made."""
    lock = (cloned / "dvc.lock").read_text()
    made = lock.partition("  start:")[2].partition("outs:")[2]
    md5 = made.partition("md5: ")[2].split()[0]
    place = lock.rindex(md5)
    (cloned / "dvc.lock").write_text(lock[:place] + "f" * 32 + lock[place + 32 :])
    stale = cloned.told("check", code=1)["stale"]
    assert {"kind": "dep", "what": "start.txt"} in [r for s in stale for r in s["reasons"]]


def test_an_output_that_was_edited_is_told(made: Project) -> None:
    (made / "joined.txt").unlink()
    (made / "joined.txt").write_text("edited by hand")
    (stale,) = made.told("check", code=1)["stale"]
    assert stale["reasons"] == [{"kind": "output", "what": "joined.txt"}]


def test_one_target_stands_for_what_it_comes_from(cloned: Project) -> None:
    cloned.edit("params.yaml", "b: 2", "b: 8")
    assert cloned.told("check", "world@a")["stale"] == []
    assert len(cloned.told("check", "world@b", code=1)["stale"]) == 1


def test_what_is_asked_wrong_ends_in_one_line(
    made: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made.mwm("check", "world@z", code=2).count("\n") == 1
    made.edit("dvc.yaml", "stages:", "stages: [")
    assert made.mwm("check", code=2).startswith("error: ")
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(made.folder)
    assert "expected a folder of a DVC project, found none" in made.mwm("check", code=2)


@pytest.mark.parametrize("folder", [".", "below"])
def test_a_fault_of_params_is_told_where_the_schema_is_ours(
    cloned: Project, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    root = Path(__file__).resolve().parents[2]
    shutil.copy(root / "params.yaml", cloned / "params.yaml")
    (cloned / "mwm").symlink_to(root / "mwm")
    cloned.edit("params.yaml", "collect:", "colect:")
    (cloned / "dvc.yaml").write_text("stages: {one: {cmd: python -m stages.one}}")
    subprocess.run(["git", "rm", "-fq", "--cached", "dvc.lock"], check=True)
    (cloned / folder).mkdir(exist_ok=True)
    monkeypatch.chdir(cloned / folder)
    assert any("colect" in fault for fault in cloned.told("check", code=1)["params"])


def test_of_a_list_of_commands_both_sides_are_told_alike(made: Project) -> None:
    """One was a list, the other a list as Python writes it."""
    listed = "cmd:\n      - cp source.txt start.txt\n      - echo"
    made.edit("dvc.yaml", "cmd: cp source.txt start.txt", f"{listed} one")
    made.run("dvc", "commit", "--quiet", "--force")
    made.edit("dvc.yaml", "- echo one", "- echo two")
    (stale, *_) = made.told("check", code=1)["stale"]
    (reason,) = (each for each in stale["reasons"] if each["kind"] == "command")
    old, new = "cp source.txt start.txt\necho one", "cp source.txt start.txt\necho two"
    assert (reason["old"], reason["new"]) == (old, new)


@pytest.mark.parametrize("command", ["check", "plan", "repro"])
def test_a_conflict_in_the_lock_of_a_folder_below_is_named(made: Project, command: str) -> None:
    """DVC says that it is corrupted, and so did mwm."""
    (made / "sub").mkdir()
    (made / "sub/dvc.yaml").write_text("stages:\n  one:\n    cmd: echo one\n")
    conflict = "schema: '2.0'\n<<<<<<< HEAD\nstages: {}\n=======\nstages:\n>>>>>>> b\n"
    (made / "sub/dvc.lock").write_text(conflict)
    words = [command, "sub/dvc.yaml"] if command == "repro" else [command]
    told = made.mwm(*words, code=2)
    assert told.startswith("error: sub/dvc.lock:2: expected no merge conflict, found `<<<<<<<")
