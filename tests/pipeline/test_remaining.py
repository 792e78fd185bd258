"""How long is left: never less than what a stage at work still takes, and no more than is known."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from small_project import Project

from mwm.pipeline.activity import named
from mwm.pipeline.remaining import eta, told
from mwm.pipeline.remaining import outlook as looked
from mwm.runtime.processes import started
from mwm.runtime.progress import Progress


def outlook(project: Project, age: float = 0, bar: int = 0, **run: Any) -> str:
    """What is said of a run that noted itself `age` seconds ago; its bar has `bar` seconds left."""
    now = time.time()
    who = {"pid": os.getpid(), "pid_started": started(os.getpid())}
    note = {"done": 10, "total": 40, "left": 600, "updated": now - age} | who | run
    (project / ".mwm").mkdir(exist_ok=True)
    (project / ".mwm/run.json").write_text(json.dumps(note))
    left = {"started": now - 100, "updated": now, "done": 100, "total": 100 + bar}
    found = looked([left] if bar else [])
    assert found is not None
    return told(found).removeprefix("10 of 40 stages done, ")


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"age": 300}, "at most about 5 min left"),
        ({"age": 300, "bar": 24}, "at most about 5 min left"),
        ({"age": 590, "bar": 24}, "at least about 24 s left, longer than expected"),
        ({"age": 900, "bar": 24}, "at least about 24 s left, longer than expected"),
        ({"age": 900}, "taking longer than expected"),
        ({"age": -900}, "at most about 10 min left"),  # the clock was set back
        ({"age": 9000, "untimed": 10}, "about 10 min left, and 10 stages of unknown length"),
        ({"bar": 6000, "untimed": 1}, "about 1 h 40 min left, and 1 stage of unknown length"),
        ({"left": 0.2, "untimed": 1}, "1 stage of unknown length left"),
    ],
)
def test_the_words_say_what_the_number_is(fresh: Project, case: dict[str, Any], said: str) -> None:
    assert outlook(fresh, **case) == said


def test_what_an_earlier_process_did_is_no_pace_of_this_one() -> None:
    now = time.time()
    note = {"done": 910, "before": 900, "total": 1000, "started": now - 10, "updated": now}
    assert eta(note) == pytest.approx(90, abs=1)
    assert eta(note | {"before": 910}) is None


def test_a_stage_notes_its_name_and_what_was_done_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("DVC_STAGE", "train@anchored-5")
    with Progress("see mirror", 1000, "iterations", done=900):
        note = json.loads((tmp_path / ".mwm/progress/see-mirror.json").read_text())
    assert (note["stage"], note["done"], note["before"]) == ("train@anchored-5", 900, 900)


def test_a_bar_names_its_stage_unless_it_is_called_like_it() -> None:
    assert named({"label": "see mirror", "stage": "see@mirror"}) == "see mirror"
    assert named({"label": "see mirror", "stage": ""}) == "see mirror"  # run by hand
    bars = [{"label": "see mirror", "stage": f"train@anchored-{seed}"} for seed in (5, 6)]
    assert [*map(named, bars)] == [
        "see mirror of train@anchored-5",
        "see mirror of train@anchored-6",
    ]
