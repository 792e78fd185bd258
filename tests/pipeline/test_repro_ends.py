"""`mwm repro` ends when DVC ends, whatever its stages print, and whether or not anyone reads it."""

import errno
import os
import signal
import time
from pathlib import Path

import pytest
from flock import without_flock
from small_project import Project

from mwm.pipeline import claim, executor
from mwm.pipeline.executor import Executor
from mwm.pipeline.plan import Step
from mwm.runtime import processes

pytestmark = pytest.mark.slow

COPY = "cmd: cp source.txt start.txt"
LONG = 120  # seconds, longer than any of this takes


def gone(file: Path) -> bool:
    """Whether the process whose number a file holds has ended."""
    return processes.started(int(file.read_text())) == 0


def test_bytes_that_are_no_text_are_marked(fresh: Project) -> None:
    fresh.edit("dvc.yaml", COPY, r"cmd: printf 'caf\351 \303\251\n'; cp source.txt start.txt")
    process = fresh.start("mwm", "repro", "start")
    out, _ = process.communicate(timeout=LONG)
    assert process.returncode == 0, out
    assert "start | caf\ufffd é\n" in out
    assert "1 stages ran" in out


def test_a_daemon_that_a_stage_leaves_behind_is_not_waited_for(fresh: Project) -> None:
    """It holds the pipe that the stage's output comes through."""
    fresh.edit("dvc.yaml", COPY, f"cmd: sleep {LONG} & echo $! > pid; cp source.txt start.txt")
    since = time.monotonic()
    process = fresh.start("mwm", "repro", "start")
    try:
        out, _ = process.communicate(timeout=LONG)
        assert process.returncode == 0, out
        assert time.monotonic() - since < LONG / 2
        assert "1 stages ran" in out
        assert not gone(fresh / "pid")  # `dvc repro` leaves it, too
    finally:
        os.kill(int((fresh / "pid").read_text()), signal.SIGKILL)


def test_when_its_reader_goes_away_the_run_ends_and_nobody_is_left(fresh: Project) -> None:
    """As by `mwm repro | head`."""
    fresh.edit("dvc.yaml", COPY, "cmd: echo $$ > pid; while true; do echo more; sleep 0.1; done")
    process = fresh.start("mwm", "repro", "start")
    assert process.stdout is not None
    while process.stdout.readline() != "start | more\n":
        pass
    process.stdout.close()
    assert process.wait(LONG) != 0
    assert gone(fresh / "pid")
    assert claim.holder() is None
    fresh.edit("dvc.yaml", "while true; do echo more; sleep 0.1; done", "cp source.txt start.txt")
    assert "1 stages ran" in fresh.run("mwm", "repro", "start")


def test_a_stage_that_nobody_hears_any_more_ends_the_run(fresh: Project) -> None:
    """As when there is no memory for its next line: its output would fill the pipe, and it wait."""
    fresh.edit("dvc.yaml", COPY, f"cmd: echo $$ > pid; echo more; sleep {LONG}")
    work: Executor

    def hear(line: str) -> None:
        if line == "start | more":
            work._heard.put(MemoryError("no room for a line"))

    work = Executor([Step("start", "run", [], [], 1.0, "unknown", "")], 1, hear)
    with pytest.raises(MemoryError):
        work.work()
    assert gone(fresh / "pid")


def test_without_flock_it_runs_as_dvc_does(fresh: Project, tmp_path: Path) -> None:
    lacking = without_flock(tmp_path, errno.ENOTSUP)
    said = fresh.run("mwm", "repro", code=2, **lacking)  # DVC would wait for its lock for ever
    assert said.startswith("error: ")
    assert "run `dvc config --local core.hardlink_lock true`" in said
    fresh.run("dvc", "config", "--local", "core.hardlink_lock", "true", **lacking)
    assert "6 stages ran" in fresh.run("mwm", "repro", **lacking)
    assert "6 stages agree" in fresh.run("mwm", "check", **lacking)
    assert [path.name for path in (fresh / ".mwm/locks").iterdir()] == ["run"]


def test_a_second_stage_starts_once_a_core_is_idle(
    fresh: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is busy when the run starts need not be so for long."""
    fresh.edit(
        "dvc.yaml",
        COPY,
        "cmd: while [ ! -e joined.txt ]; do sleep 0.1; done; cat source.txt > start.txt",
    )
    fresh.edit("dvc.yaml", "cmd: cat w/*/out.txt > joined.txt", "cmd: touch joined.txt")
    fresh.edit("dvc.yaml", "    deps: [w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt]\n", "")
    idle, said = iter([0.0, 1.0]), []
    monkeypatch.setattr(executor, "idle_cores", lambda: next(idle))
    monkeypatch.setattr(executor, "AGAIN", 1.0)
    steps = [Step(name, "run", [], [], 1.0, "unknown", "") for name in ("start", "join")]
    work = Executor(steps, None, said.append)
    work.work()
    assert sorted(work.ran) == ["join", "start"]
    assert any(line.startswith("repro: join beside start") for line in said)
