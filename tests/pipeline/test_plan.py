"""`mwm plan` says what `dvc repro` would run, all the way down."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from small_project import Project

from mwm.pipeline import times
from mwm.pipeline.project import opened, ordered

WORLDS = [f"world@{world}" for world in "abcd"]


def actions(project: Project, *targets: str) -> dict[str, str]:
    return {step["stage"]: step["action"] for step in project.told("plan", *targets)["steps"]}


def test_nothing_is_planned_when_nothing_changed(made: Project) -> None:
    assert made.told("plan") == {"steps": [], "seconds": {"certain": 0, "at_most": 0}}
    assert made.mwm("plan") == "plan: nothing to do\n"


@pytest.mark.parametrize(
    ("target", "said"),
    [("jion", "; did you mean 'join'?"), ("report", "; `dvc stage list` names all")],
)
def test_a_stage_that_is_not_there_is_told(made: Project, target: str, said: str) -> None:
    assert f"Stage '{target}' not found inside 'dvc.yaml' file{said}" in made.mwm(
        "plan", target, code=2
    )


def test_a_changed_stage_runs_and_what_follows_may(made: Project) -> None:
    made.edit("params.yaml", "b: 2", "b: 8")
    (first, second) = made.told("plan")["steps"]
    assert (first["stage"], first["action"], first["upstream"]) == ("world@b", "run", [])
    reason = {"kind": "param", "what": "params.yaml: worlds.b", "old": "2", "new": "8"}
    assert first["reasons"] == [reason]
    assert (second["stage"], second["action"]) == ("join", "maybe")
    assert second["upstream"] == ["world@b"]
    assert actions(made, "world@a") == {}


def test_all_run_that_have_changed_themselves_and_others_may(made: Project) -> None:
    made.edit("source.txt", "hello", "good bye")
    made.edit("dvc.yaml", "cat w", "cat  w")
    planned = actions(made)
    assert planned == {"start": "run", **dict.fromkeys(WORLDS, "maybe"), "join": "run"}
    assert list(planned) == ["start", *WORLDS, "join"]


def test_an_edited_output_is_restored_and_what_reads_it_may_run(made: Project) -> None:
    (made / "start.txt").unlink()
    (made / "start.txt").write_text("edited")
    assert actions(made) == {"start": "restore", **dict.fromkeys(WORLDS, "maybe"), "join": "maybe"}


def test_missing_outputs_come_from_the_cache_if_it_has_them(made: Project) -> None:
    (made / "joined.txt").unlink()
    assert actions(made) == {"join": "restore"}


@pytest.mark.parametrize("other", ["kept: {cache: false}", "kept: {persist: true}"])
def test_what_dvc_cannot_restore_beside_a_missing_output_is_made_again(
    made: Project, other: str
) -> None:
    """DVC removes all outputs of a stage before it restores them; 'kept' is not in its cache then.

    It was said to be restored, and what comes after it to stay.
    """
    made.edit(
        "dvc.yaml",
        "  join:\n",
        "  both:\n    cmd: date +%N > big && date > kept\n    deps: [start.txt]\n"
        f"    outs:\n    - big\n    - {other}\n"
        "  use:\n    cmd: cp big used\n    deps: [big]\n    outs: [used]\n  join:\n",
    )
    made.run("dvc", "repro", "use")
    (made / "big").unlink()
    planned = {step["stage"]: step["action"] for step in made.told("plan", "use")["steps"]}
    assert planned == {"both": "run", "use": "maybe"}
    made.mwm("repro", "use")
    assert (made / "used").read_text() == (made / "big").read_text()


def test_in_a_clone_without_data_all_would_run(cloned: Project) -> None:
    assert set(actions(cloned).values()) == {"run"}
    assert "`dvc pull`" in cloned.mwm("plan")


def test_seconds_are_those_that_stages_took_last(made: Project) -> None:
    took(made, {"world@b": 400.0, "join": 200.0})
    assert made.told("plan")["seconds"] == {"certain": 400.0, "at_most": 600.0}
    assert made.mwm("plan").splitlines()[-1] == "plan: 1 run (7 min), 1 may follow (10 min in all)"


def settings() -> dict[str, str]:
    """What `times` tells the params of stages by."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what DVC itself imports
        with opened() as repo:
            return times.settings(repo, ordered(repo, []))


def took(project: Project, seconds: dict[str, float]) -> None:
    """With a changed parameter stages took so long here; they are stale."""
    project.edit("params.yaml", "b: 2", "b: 8")
    now = settings()
    (project / ".mwm").mkdir()
    kept = {stage: {now[stage]: each} for stage, each in seconds.items()}
    (project / ".mwm/times.json").write_text(json.dumps(kept))


def timed(project: Project) -> dict[str, tuple[float, str]]:
    steps = project.told("plan")["steps"]
    return {step["stage"]: (step["seconds"], step["timed"]) for step in steps}


def test_times_with_other_params_are_told_as_such(made: Project) -> None:
    took(made, {"world@b": 400.0, "join": 200.0})
    assert timed(made) == {"world@b": (400, "here"), "join": (200, "here")}
    made.edit("params.yaml", "b: 8", "b: 9")
    assert timed(made) == {"world@b": (400, "other params"), "join": (200, "other params")}
    said = made.mwm("plan").splitlines()
    assert said[0] == "world@b runs (7 min with other params):"
    assert said[-1].endswith("(10 min in all); 2 of these times are with other params")
    times.learn("world@b", settings()["world@b"], 2.04)
    assert timed(made)["world@b"] == (2.0, "here")
    made.edit("params.yaml", "b: 9", "b: 8")
    assert timed(made)["world@b"] == (400, "here")


def test_what_never_ran_here_is_told_as_usual_or_unknown(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(times.USUAL, "join", 560)
    made.edit("dvc.yaml", "stages:\n  start", "# as in `python -m stages.see`\nstages:\n  start")
    (made / "mwm/settings").mkdir(parents=True)  # or else the project is not ours
    monkeypatch.setattr("mwm.pipeline.ours.refuse_faults", lambda root, stages=(): None)
    made.edit("params.yaml", "b: 2", "b: 8")
    assert timed(made) == {
        "world@b": (1, "unknown"),
        "join": (560, "default params"),
    }
    said = made.mwm("plan").splitlines()
    assert said[0] == "world@b runs (time unknown):"
    assert said[-1].endswith("with other params; the time of 1 is unknown")


def test_another_project_is_given_no_times_of_ours(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(times.USUAL, "join", 560)
    made.edit("params.yaml", "b: 2", "b: 8")
    assert timed(made)["join"] == (1, "unknown")


def test_a_folder_of_outputs_that_is_only_partly_here_has_not_changed(fresh: Project) -> None:
    """After `dvc pull` of one of them, `check` failed and `plan` ran what reads the folder."""
    fresh.edit(
        "dvc.yaml", "deps: [w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt]", "deps: [w]"
    )
    fresh.run("dvc", "repro", "--quiet")
    (fresh / "w/b/out.txt").unlink()
    assert "agree with dvc.lock" in fresh.mwm("check")
    actions = {each["stage"]: each["action"] for each in fresh.told("plan")["steps"]}
    assert actions == {"world@b": "restore", "join": "maybe"}
    assert "restored or unchanged" in fresh.mwm("repro")
    (fresh / "w/b/out.txt").unlink()
    (fresh / "w/b/out.txt").write_text("other\n")
    actions = {each["stage"]: each["action"] for each in fresh.told("plan")["steps"]}
    assert actions["join"] == "maybe", "its maker runs again, and may make what it made"


def test_code_beside_outputs_that_are_not_here_has_changed(fresh: Project) -> None:
    """As in a clone without data, which CI checks."""
    fresh.edit(
        "dvc.yaml", "deps: [w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt]", "deps: [w]"
    )
    (fresh / "w").mkdir()
    (fresh / "w/tool.py").write_text("one\n")
    fresh.run("dvc", "repro", "--quiet")
    (fresh / "w/b/out.txt").unlink()
    (fresh / "w/tool.py").write_text("two\n")
    assert "dep w changed" in fresh.mwm("check", code=1)


def test_seeds_change_no_time_and_params_upstream_do(made: Project) -> None:
    made.edit("params.yaml", "speed: 1", "speed: 1, seed: 1")
    before = settings()
    made.edit("params.yaml", "seed: 1", "seed: 2")
    assert settings() == before
    made.edit("params.yaml", "speed: 1", "speed: 2")
    assert not set(settings().values()) & set(before.values())


def test_in_a_folder_below_it_plans_the_next_dvc_yaml_above(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    took(made, {"world@b": 400.0, "join": 200.0})
    monkeypatch.chdir(made / "w/a")
    assert timed(made) == {
        "../../dvc.yaml:world@b": (400, "here"),
        "../../dvc.yaml:join": (200, "here"),
    }


@pytest.mark.parametrize("words", [["run"], ["repro"], ["vouch"], ["plan"], ["prune", "--yes"]])
def test_outside_of_a_project_it_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    said = Project(tmp_path).mwm(*words, code=2)
    assert said.startswith(f"error: {tmp_path}: expected a folder of a DVC project, found none")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_what_was_planned_is_what_dvc_does(made: Project) -> None:
    made.edit("params.yaml", "b: 2", "b: 8")
    made.edit("dvc.yaml", "cat w", "cat  w")
    (made / "w/c/out.txt").unlink()
    planned: dict[str, Any] = actions(made)
    assert planned == {"world@b": "run", "world@c": "restore", "join": "run"}
    said = made.run("dvc", "repro")
    assert [
        stage for stage in ("start", *WORLDS, "join") if f"Running stage '{stage}'" in said
    ] == [
        "world@b",
        "join",
    ]
    made.edit("params.yaml", "b: 8", "b: 2")
    made.edit("dvc.yaml", "cat  w", "cat w")
    assert actions(made) == {"world@b": "restore", "join": "run"}
    assert "Running stage" not in made.run("dvc", "repro")
