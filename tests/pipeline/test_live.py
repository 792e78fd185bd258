"""`mwm live`: a page of what runs, what it has learned so far, and what is left."""

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_project import Project

from mwm.io import checkpoints
from mwm.io.tables import write_csv
from mwm.pipeline.curves import MOST, drawn, history, table, trainings
from mwm.pipeline.live import page
from mwm.runtime.processes import started

ROWS = [{"iteration": i, "loss": 100.0 / i, "steps": 9 * i, "kl": 0.5 * i} for i in range(1, 6)]


@pytest.fixture
def busy(fresh: Project) -> Project:
    """A project in which this process is `mwm repro`, and trains `see mirror`."""
    now = time.time()
    who = {"pid": os.getpid(), "pid_started": started(os.getpid())}
    when = {"started": now - 50, "updated": now}
    note = {"label": "see mirror", "done": 250, "total": 1000, "unit": "iterations"}
    (fresh / ".mwm/progress").mkdir(parents=True)
    told = note | {"note": "loss <20"} | who | when
    (fresh / ".mwm/progress/see-mirror.json").write_text(json.dumps(told))
    run = {"done": 3, "total": 33, "left": 600.0} | who | when
    (fresh / ".mwm/run.json").write_text(json.dumps(run))
    keep(fresh / ".mwm/checkpoints/see-mirror/0123/latest.safetensors", ROWS)
    return fresh


def keep(path: Path, rows: list[dict[str, Any]]) -> None:
    """A checkpoint as trainings keep them."""
    path.parent.mkdir(parents=True)
    notes = {"history": {"training": rows, "validation": [], "speed": []}}
    assert checkpoints.save(path, "key", {"weights": np.zeros(1000, np.float32)}, notes)


def test_the_page_tells_how_far_all_is_and_reloads_itself(busy: Project) -> None:
    text = page(busy.folder, busy / "build/live.html", 5.0)
    assert "setTimeout(() => location.reload(), 5000);" in text
    assert "3 of 33 stages done, at most about 10 min left" in text
    assert "<b>see mirror</b>: 250 of 1,000 iterations, about 2 min left" in text
    assert "loss &lt;20" in text
    assert "see-mirror, under way" in text
    assert "loss: 100 → <b>20</b>" in text
    assert "kl: 0.5 → <b>2.5</b>" in text
    assert "steps:" not in text
    assert "script" not in page(busy.folder, busy / "build/live.html", None)


def test_when_nothing_runs_it_says_so(fresh: Project) -> None:
    assert "<h1>Nothing runs</h1>" in page(fresh.folder, fresh / "live.html", None)


def test_films_are_where_no_reload_starts_them_anew(busy: Project) -> None:
    (busy / "report").mkdir()
    (busy / "report/play.gif").write_bytes(b"GIF89a")
    still, reloading = (page(busy.folder, busy / "build/live.html", each) for each in (None, 5.0))
    assert '<img src="../report/play.gif"' in still
    assert '<a href="../report/play.gif" target="_blank">play</a>' in reloading
    assert "<img" not in reloading
    elsewhere = busy / "a#b 100%/live.html"
    elsewhere.parent.mkdir()
    elsewhere.parent.joinpath("report").symlink_to(busy / "report")
    inside = page(elsewhere.parent, busy / "live.html", None)
    assert '<img src="a%23b%20100%25/report/play.gif"' in inside


@pytest.mark.parametrize("words", [("--every", "inf"), ("--every", "1e300"), ("--out", "")])
def test_what_cannot_be_is_refused(busy: Project, words: tuple[str, str]) -> None:
    said = busy.mwm("live", "--once", "--no-open", *words, code=2)
    assert "Traceback" not in said
    assert "No such option" not in said


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_once_ended_the_page_says_so_and_stays_as_it_is(
    busy: Project, sent: signal.Signals
) -> None:
    process = busy.start("mwm", "live", "--no-open")
    assert process.stdout is not None
    assert process.stdout.readline().endswith("until Ctrl-C\n")
    reloading = (busy / "build/live.html").read_text()
    process.send_signal(sent)
    said = process.communicate(timeout=30)[0]
    assert (process.returncode, said.count("\n")) == (0, 1)
    assert said.startswith("live: ended; ")
    text = (busy / "build/live.html").read_text()
    assert "reload" in reloading
    assert "reload" not in text
    assert re.search(r"<h1>At \S+: 3 of 33 stages done", text)
    assert "when <code>mwm live</code> ended; what ran then may go on." in text


def test_a_training_that_ended_since_the_run_began_is_shown_by_its_table(busy: Project) -> None:
    for name, age in (("see/original", 10), ("recruit/hswap", 1000)):
        path = busy / "runs" / name / "training.csv"
        path.parent.mkdir(parents=True)
        write_csv(path, ROWS)
        os.utime(path, (time.time() - age, time.time() - age))
    keep(busy / ".mwm/checkpoints/anchor/4567/latest.safetensors", ROWS)  # of an earlier run
    found = trainings(busy.folder, time.time() - 100, [{"label": "see mirror"}])
    assert [(each.name, each.runs) for each in found] == [
        ("see-mirror", True),
        ("see-original", False),
    ]


def test_studies_side_by_side_have_curves_of_their_own(busy: Project) -> None:
    for study, age in (("anchored-1", 5), ("ablations/none-2", 5), ("anchored-3", 500)):
        path = busy / "runs" / study / ".mwm/checkpoints/anchor/4567/latest.safetensors"
        keep(path, ROWS)
        os.utime(path, (time.time() - age, time.time() - age))
    found = trainings(busy.folder, time.time() - 100, [{"label": "anchor"}, {"label": "anchor"}])
    names = {(each.name, each.runs) for each in found}
    assert names == {("anchored-1-anchor", True), ("ablations-none-2-anchor", True)}


def test_a_curve_goes_from_its_first_value_to_its_last(busy: Project) -> None:
    loss, kl = drawn(ROWS)
    assert (loss.name, loss.first, loss.last, loss.steep) == ("loss", 100.0, 20.0, False)
    assert kl.points == "0.0,90.0 75.0,67.5 150.0,45.0 225.0,22.5 300.0,0.0"
    many = [{"loss": 10.0**-i} for i in range(300)]
    (steep,) = drawn(many + many[::-1])
    assert steep.steep
    assert len(steep.points.split()) <= MOST
    assert min(map(float, re.findall(r",(\S+)", steep.points))) == 0
    assert not list(drawn([]))
    assert not list(drawn([{"loss": 1.0}, {"loss": float("nan")}]))
    assert not list(drawn([{"name": "a"}, {"name": "b"}]))


@pytest.mark.parametrize("damage", [b"", b"\xff" * 8, b"\x05" + 7 * b"\0" + b"{not}", None])
def test_a_checkpoint_that_is_not_whole_has_no_curves(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "latest.safetensors"
    if damage is not None:
        path.write_bytes(damage)
    assert history(path) == []
    assert table(path) == []


def test_the_command_writes_it_once_and_ends(busy: Project) -> None:
    said = busy.mwm("live", "--once", "--no-open")
    assert said == f"live: {busy / 'build/live.html'}\n"
    assert "see-mirror, under way" in (busy / "build/live.html").read_text()


def test_status_tells_of_the_stages_too(busy: Project) -> None:
    told = busy.told("status")["stages"]
    assert 590 < told.pop("eta") <= 600
    assert told == {"done": 3, "total": 33, "untimed": 0, "late": False}
    assert "repro: 3 of 33 stages done, at most about 10 min left\n" in busy.mwm("status")


def test_a_run_notes_how_far_it_is(fresh: Project) -> None:
    fresh.run("mwm", "repro", "start")
    note = json.loads((fresh / ".mwm/run.json").read_text())
    assert {name: note[name] for name in ("done", "total")} == {"done": 0, "total": 1}
    assert fresh.told("status")["stages"] is None
