"""`mwm status` tells what stages note about themselves, and takes no locks."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hardship import mode, unprivileged
from small_project import Project

import mwm
from mwm.pipeline import activity
from mwm.runtime.processes import started


@pytest.fixture
def note(fresh: Project) -> dict[str, Any]:
    """The progress of a stage, in this process."""
    now = time.time()
    (fresh / ".mwm/progress").mkdir(parents=True)
    return {
        "label": "see mirror",
        "done": 250,
        "total": 1000,
        "unit": "iterations",
        "note": "loss 12.1",
        "pid": os.getpid(),
        "pid_started": started(os.getpid()),
        "started": now - 50,
        "updated": now,
    }


def test_progress_is_told_with_the_time_left(fresh: Project, note: dict[str, Any]) -> None:
    (fresh / ".mwm/progress/see-mirror.json").write_text(json.dumps(note))
    (running,) = fresh.told("status")["running"]
    assert 140 < running.pop("eta") <= 150
    assert running == note | {"before": 0}
    said = fresh.mwm("status")
    assert said.startswith("see mirror: 250 of 1,000 iterations, about 2 min left, loss 12.1 (pid ")


def hold(project: Project, program: Path, words: str) -> None:
    """DVC's lock on start.txt, as held by this process, whose program and words are these."""
    program.parent.mkdir(parents=True)
    program.touch()
    held = {"pid": os.getpid(), "cmd": f"{program} {words}"}
    (project / ".dvc/tmp").mkdir(exist_ok=True)
    (project / ".dvc/tmp/rwlock").write_text(json.dumps({"write": {"start.txt": held}, "read": {}}))


def test_a_program_with_a_space_in_its_path_is_told_by_its_name(
    fresh: Project, tmp_path: Path
) -> None:
    hold(fresh, tmp_path / "a b c" / "dvc" / "__main__.py", "repro --single-item start")
    assert fresh.mwm("status").startswith("dvc repro --single-item start (pid ")


def test_a_program_that_this_user_may_not_see_is_told_all_the_same(
    fresh: Project, tmp_path: Path
) -> None:
    """Another user's DVC lay in a home that only they may enter, and `mwm status` failed."""
    targets = " ".join(["see@mirror"] * 30)  # longer than a file's name may be
    hold(fresh, tmp_path / "home" / "bin" / "dvc", f"repro {targets}")
    with mode(tmp_path / "home", 0o777):
        done = subprocess.run(
            [sys.executable, "-m", "mwm", "status"],
            cwd=fresh.folder,
            preexec_fn=unprivileged,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stdout.startswith("dvc repro see@mirror see"), done.stderr


@pytest.mark.parametrize("change", [{"pid": 10**9}, {"pid_started": 1}])
def test_a_process_that_is_gone_does_not_run(
    fresh: Project, note: dict[str, Any], change: dict[str, int]
) -> None:
    (fresh / ".mwm/progress/see-mirror.json").write_text(json.dumps(note | change))
    assert fresh.told("status")["running"] == []


def test_a_damaged_note_is_no_obstacle(fresh: Project, note: dict[str, Any]) -> None:
    (fresh / ".mwm/progress/see-mirror.json").write_text(json.dumps(note)[:30])
    assert fresh.told("status")["running"] == []


@pytest.mark.parametrize("change", [{"done": 0}, {"started": 2e10}, {"updated": 2e10}])
def test_before_the_first_step_or_after_a_change_of_the_clock_nothing_is_said_of_the_time(
    fresh: Project, note: dict[str, Any], change: dict[str, float]
) -> None:
    (fresh / ".mwm/progress/see-mirror.json").write_text(json.dumps(note | change))
    assert fresh.told("status")["running"][0]["eta"] is None


def test_its_version_is_told(fresh: Project) -> None:
    assert fresh.mwm("--version") == f"mwm {mwm.__version__}\n"


@pytest.mark.parametrize("kept", ["schema: '2.0'\nstages:\n", "stages:\n  start:\n    outs:\n"])
def test_a_lock_file_that_is_being_written_is_no_obstacle(made: Project, kept: str) -> None:
    """Many a beginning of a dvc.lock is YAML, too; it was reported as a fault of mwm."""
    (made / "dvc.lock").write_text(kept)
    assert "nothing runs" in made.mwm("status")


def test_a_lock_file_that_goes_meanwhile_is_no_obstacle(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went between being listed and being read, which was a traceback."""
    listed = made / "other/dvc.lock"
    listed.parent.mkdir()
    listed.touch()
    belongs = activity.belongs
    monkeypatch.setattr(
        activity, "belongs", lambda path, root: belongs(path, root) and gone(path, listed)
    )
    assert activity.newest() is not None
    assert not listed.exists()


def test_an_output_below_what_is_a_file_by_now_is_no_obstacle(made: Project) -> None:
    """It was told as something that the system refuses."""
    shutil.rmtree(made / "w")
    (made / "w").write_text("")
    assert "nothing runs" in made.mwm("status")


def gone(path: Path, listed: Path) -> bool:
    if path == listed:
        path.unlink()
    return True


@pytest.mark.parametrize(
    "damage",
    ['{"write": null}', '{"write": {"a": 1}}', '{"read": {"a": 1}}', "[]", '{"write": []}'],
)
def test_locks_that_dvc_would_not_read_are_told_by_a_run_and_no_fault_of_mwm(
    made: Project, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mwm.pipeline.mend.time", SimpleNamespace(sleep=lambda seconds: None))
    (made / ".dvc/tmp/rwlock").write_text(damage)
    assert "nothing runs" in made.mwm("status")
    assert "expected a file as DVC writes it, found it damaged" in made.mwm("repro", code=1)


@pytest.mark.parametrize("note", [{}, {"done": "1"}, {"before": "x"}, {"pid": "x"}])
def test_a_note_that_is_not_whole_is_no_obstacle(made: Project, note: dict[str, str]) -> None:
    who = {"pid": os.getpid(), "pid_started": started(os.getpid())}
    for name in (".mwm/run.json", ".mwm/progress/see.json"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(json.dumps(who | note))
    said = made.mwm("status")
    assert ("a stage: 0 of 0" if "pid" not in note else "nothing runs") in said
    made.mwm("live", "--once", "--no-open")


def test_a_folder_of_no_project_is_told(
    made: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said that nothing runs, from a wrong folder, while something did."""
    monkeypatch.chdir(tmp_path)
    assert "expected a folder of a DVC project" in made.mwm("status", code=2)


def test_when_nothing_runs_the_last_output_is_told(made: Project) -> None:
    now = time.time()
    for path in ("start.txt", "joined.txt", *(f"w/{world}/out.txt" for world in "abcd")):
        os.utime(made / path, (now - 60, now - 60))
    os.utime(made / "w/c/out.txt", (now - 5, now - 5))
    os.utime(made / "w/d/out.txt", (now + 3600, now + 3600))  # before the clock was set back
    assert last(made) == ("world@c", "w/c/out.txt")
    assert "status: nothing runs\nstatus: newest output: w/c/out.txt" in made.mwm("status")
    (made / "w/b/out.txt").unlink()
    (made / "w/b/out.txt").mkdir()
    assert last(made) == ("world@c", "w/c/out.txt"), "an interrupted stage leaves an empty folder"


def last(project: Project) -> tuple[str, str]:
    last = project.told("status")["last"]
    return last["stage"], last["path"]


@pytest.mark.parametrize(
    ("words", "avoided"),
    [("--help", {"dvc", "torch", "pydantic", "yaml"}), ("status", {"dvc", "torch", "numpy"})],
)
def test_it_answers_at_once_since_it_imports_little(words: str, avoided: set[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "mwm", words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not avoided & imported
