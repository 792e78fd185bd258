"""`mwm plan` says what `dvc repro` would run, all the way down."""

import json
from typing import Any

import pytest
from small_project import Project

WORLDS = [f"world@{world}" for world in "abcd"]


def actions(project: Project, *targets: str) -> dict[str, str]:
    return {step["stage"]: step["action"] for step in project.told("plan", *targets)["steps"]}


def test_nothing_is_planned_when_nothing_changed(made: Project) -> None:
    assert made.told("plan") == {"steps": [], "seconds": {"certain": 0, "at_most": 0}}
    assert made.mwm("plan") == "plan: nothing to do\n"


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


def test_in_a_clone_without_data_all_would_run(cloned: Project) -> None:
    assert set(actions(cloned).values()) == {"run"}
    assert "`dvc pull`" in cloned.mwm("plan")


def test_seconds_are_those_that_stages_took_last(made: Project) -> None:
    (made / ".mwm").mkdir()
    (made / ".mwm/times.json").write_text(json.dumps({"world@b": 400.0, "join": 200.0}))
    made.edit("params.yaml", "b: 2", "b: 8")
    assert made.told("plan")["seconds"] == {"certain": 400.0, "at_most": 600.0}
    assert made.mwm("plan").splitlines()[-1] == "plan: 1 run (7 min), 1 may follow (10 min in all)"


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
