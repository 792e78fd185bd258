"""`mwm repro` runs stages at once, and leaves what a serial `dvc repro` leaves."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_project import ROOT, Project, new, wait_for

from mwm import MwmError
from mwm.pipeline.subprocess_environment import unbound
from mwm.pipeline.times import USUAL, Outlook

pytestmark = pytest.mark.slow

WORLDS = [f"world@{world}" for world in "abcd"]
COUNT = 12  # stages that end at nearly the same time


def many(project: Project) -> None:
    """A project with COUNT worlds; the later ones in the file end first."""
    worlds = ", ".join(f"w{n}: {n}" for n in range(COUNT))
    project.edit("params.yaml", "{a: 1, b: 2, c: 3, d: 4}", f"{{{worlds}}}")
    deps = ", ".join(f"w/w{n}/out.txt" for n in range(COUNT))
    project.edit("dvc.yaml", "w/a/out.txt, w/b/out.txt, w/c/out.txt, w/d/out.txt", deps)
    end = "> w/${key}/out.txt"
    project.edit("dvc.yaml", end, f"{end} && sleep $((({COUNT} - ${{item}}) / 4))")


def test_four_at_once_leave_the_lock_of_a_serial_run(fresh: Project, tmp_path: Path) -> None:
    many(fresh)
    serial = new(tmp_path / "serial")
    many(serial)
    told = fresh.run("mwm", "run", "-j", "4")  # the other name of `mwm repro`
    assert "beside world@" in told
    serial.run("dvc", "repro")
    assert (fresh / "dvc.lock").read_text() == (serial / "dvc.lock").read_text()
    assert fresh.told("plan")["steps"] == []
    assert fresh.told("check")["stale"] == []
    assert json.loads((fresh / ".mwm/times.json").read_text()).keys() >= {"start", "join"}


def test_only_what_changed_runs_and_the_run_cache_is_used(made: Project) -> None:
    def ran() -> tuple[list[str], list[str]]:
        out = made.run("mwm", "repro", "--json", "-j", "2")
        told = json.loads(out[out.index("\n{") :])
        return told["ran"], told["restored"]

    lock = (made / "dvc.lock").read_text()
    made.edit("params.yaml", "b: 2", "b: 8")
    assert ran() == (["world@b"], ["join"])
    made.edit("params.yaml", "b: 8", "b: 2")
    assert ran() == ([], ["world@b", "join"])
    assert (made / "dvc.lock").read_text() == lock


def test_after_a_failure_those_at_work_finish_and_no_other_starts(fresh: Project) -> None:
    fresh.edit("dvc.yaml", "cmd: mkdir", "cmd: test ${key} != b && sleep 1 && mkdir")
    said = fresh.run("mwm", "repro", "-j", "2", code=1)
    assert "error: world@b failed" in said
    lock = (fresh / "dvc.lock").read_text()
    assert "world@a:" in lock
    assert "world@b:" not in lock
    assert "world@d:" not in lock
    assert "join:" not in lock


def test_a_dvc_yaml_that_is_edited_meanwhile_does_not_hide_how_the_run_ended(
    fresh: Project,
) -> None:
    """It ended with a fault of dvc.yaml and exit code 2, and what had run was not told."""
    fresh.edit("dvc.yaml", "cmd: mkdir", "cmd: echo 3 > dvc.yaml; false && mkdir")
    said = fresh.run("mwm", "repro", "-j", "1", "--json", code=1)
    assert '"ran": [\n    "start"\n  ]' in said
    assert "error: world@" in said


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_stages(fresh: Project, sent: signal.Signals) -> None:
    fresh.edit("dvc.yaml", "cmd: mkdir", "cmd: echo $$ >> pids.txt && sleep 600 && mkdir")
    process = fresh.start("mwm", "repro", "-j", "2")
    pids = fresh / "pids.txt"
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    os.kill(process.pid, sent)
    out = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert out.splitlines()[-1].startswith("interrupted: stages that had ended are kept")
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split())
    assert "start:" in (fresh / "dvc.lock").read_text()


def test_a_second_run_says_who_holds_the_project(fresh: Project) -> None:
    fresh.edit("dvc.yaml", "cmd: cp", "cmd: sleep 8 && cp")
    first = fresh.start("mwm", "repro", "join")
    wait_for((fresh / ".mwm/locks/run").exists)
    said = fresh.mwm("repro", code=1)
    assert f"found `mwm repro join` at work (pid {first.pid})" in said
    assert first.communicate()[0]
    assert first.returncode == 0


@pytest.mark.parametrize("other", ["dvc repro", "mwm repro"])
def test_beside_another_command_no_result_is_mixed(fresh: Project, other: str) -> None:
    """Each stage says in its output which process made it, at its start and at its end."""
    fresh.edit(
        "dvc.yaml",
        "echo ${key} | cat start.txt - > w/${key}/out.txt",
        "echo $$ > w/${key}/out.txt && sleep 0.5 && echo $$ >> w/${key}/out.txt",
    )
    both = [fresh.start("mwm", "repro", "-j", "2"), fresh.start(*other.split())]
    said = [process.communicate()[0] for process in both]
    for process, out in zip(both, said, strict=True):
        busy = "is busy" in out or "Unable to acquire lock" in out or "at work (pid" in out
        assert process.returncode == 0 or busy, out
    fresh.run("mwm", "repro", "-j", "2")
    for world in "abcd":
        first, last = (fresh / f"w/{world}/out.txt").read_text().split()
        assert first == last
    assert fresh.told("check")["stale"] == []


def test_status_tells_who_holds_what_while_dvc_is_busy(fresh: Project) -> None:
    fresh.edit("dvc.yaml", "cmd: cp", "cmd: touch begun && sleep 600 && cp")
    assert fresh.mwm("status") == "status: nothing runs\n"
    process = fresh.start("dvc", "repro", "start")
    wait_for((fresh / "begun").exists)
    (lock,) = fresh.told("status")["locks"]
    assert lock == {
        "pid": process.pid,
        "command": "dvc repro start",
        "alive": True,
        "writes": ["start.txt"],
        "reads": 2,
    }
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not fresh.told("status")["locks"][0]["alive"]
    assert "status: nothing runs" in fresh.mwm("status")


def announced(project: Project, *words: str, code: int = 0) -> list[str]:
    out = project.run("mwm", "repro", "-j", "1", *words, code=code)
    return [line.removeprefix("repro: ") for line in out.splitlines() if line.startswith("repro: ")]


def test_every_stage_that_runs_is_announced_with_the_time_left(fresh: Project) -> None:
    (fresh / ".mwm").mkdir()
    (fresh / ".mwm/times.json").write_text(
        '{"start": {"": 30}, "world@c": {"": 20}, "join": {"": 1}}'
    )
    told = announced(fresh, "join")
    assert told[:3] == [
        "start; 0 of 6 done, about 51 s left, and 3 stages of unknown length",
        "world@c; 1 of 6 done, about 21 s left, and 3 stages of unknown length",  # longest first
        "world@a; 2 of 6 done, about 1 s left, and 3 stages of unknown length",
    ]
    assert told[-2] == "join; 5 of 6 done, at most about 1 s left"
    assert told[-1].startswith("6 stages ran, in ")
    times = json.loads((fresh / ".mwm/times.json").read_text())
    assert times.keys() == {"start", "join", *WORLDS}
    assert max(list(took.values())[-1] for took in times.values()) < 30
    assert announced(fresh) == ["nothing to do"]


def test_in_a_folder_below_it_runs_the_next_dvc_yaml_above(fresh: Project) -> None:
    (fresh / "w").mkdir()  # of outputs, which Git ignores
    assert announced(Project(fresh / "w"))[-1].startswith("6 stages ran")
    assert fresh.told("plan")["steps"] == []
    assert (fresh / ".mwm/times.json").exists()
    assert not (fresh / "w/.mwm").exists()


def test_a_file_that_dvc_add_made_is_a_stage_from_any_folder(fresh: Project) -> None:
    """From a folder below its name was taken for one of dvc.yaml's, which there was not."""
    below = Project(fresh / "below")
    below.folder.mkdir()
    (below / "raw.txt").write_text("1\n")
    below.run("dvc", "add", "--quiet", "raw.txt")
    (below / "raw.txt").write_text("2\n")
    (below / "dvc.yaml").write_text(
        "stages: {copy: {cmd: cp raw.txt out.txt, deps: [raw.txt], outs: [out.txt]}}"
    )
    assert announced(below)[-1].startswith("1 stages ran, 1 restored or unchanged")
    assert (below / "out.txt").read_text() == "2\n"


def test_data_of_dvc_add_and_frozen_stages_that_are_in_the_cache_alone_come_back(
    made: Project,
) -> None:
    """`plan` said so; but `dvc repro` only looks for them, and called them missing."""
    (made / "raw.txt").write_text("1\n")
    made.run("dvc", "add", "--quiet", "raw.txt")
    made.run("dvc", "freeze", "start")
    (made / "raw.txt").unlink()
    (made / "start.txt").unlink()
    actions = {
        each["stage"]: each["action"] for each in made.told("plan", "raw.txt.dvc", "join")["steps"]
    }
    assert actions["raw.txt.dvc"] == actions["start"] == "restore"
    assert "0 stages ran" in made.mwm("repro", "raw.txt.dvc", "join")
    assert (made / "raw.txt").read_text() == "1\n"
    assert (made / "start.txt").exists()


def test_of_a_frozen_stage_an_output_that_was_edited_is_recorded(made: Project) -> None:
    made.run("dvc", "freeze", "start")
    (made / "start.txt").unlink()
    (made / "start.txt").write_text("mine\n")
    made.mwm("repro", "start")
    assert (made / "start.txt").read_text() == "mine\n"
    assert "nothing to do" in made.mwm("plan", "start")


def test_an_empty_folder_in_the_cache_is_restored(fresh: Project) -> None:
    """`plan` said that its stage runs."""
    fresh.edit("dvc.yaml", "cp source.txt start.txt", "mkdir -p start.txt")
    fresh.run("dvc", "repro", "--quiet", "start")
    (fresh / "start.txt").rmdir()
    (step,) = fresh.told("plan", "start")["steps"]
    assert step["action"] == "restore"


def test_git_ignores_what_runs_note_in_any_project(fresh: Project) -> None:
    """In one whose .gitignore does not name it, `git add --all` committed it."""
    (fresh / ".gitignore").unlink()
    fresh.run("mwm", "repro", "start")
    assert (fresh / ".mwm/times.json").exists()
    asked = ["git", "-C", str(fresh.folder), "status", "--porcelain"]
    said = subprocess.run(asked, env=unbound(), capture_output=True, text=True, check=True).stdout
    assert "dvc.lock" in said
    assert ".mwm" not in said


def test_a_damaged_file_of_times_is_no_obstacle(fresh: Project) -> None:
    (fresh / ".mwm").mkdir()
    (fresh / ".mwm/times.json").write_text("[1, 2")
    assert announced(fresh, "start")[-1].startswith("1 stages ran")


def test_without_room_for_its_times_a_run_goes_on(
    fresh: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It interrupted the stages at work, for the sake of a note."""

    def full(path: Path, content: object) -> None:
        raise MwmError(f"{path}: cannot be written: No space left on device")

    monkeypatch.setattr("mwm.io.files.write_json", full)
    assert "repro: 6 stages ran" in fresh.mwm("repro")


def test_a_stage_that_uses_all_cores_runs_alone(fresh: Project) -> None:
    fresh.edit("dvc.yaml", "    cmd: cp", "    meta: {cores: all}\n    cmd: cp")
    fresh.edit("dvc.yaml", "      cmd: mkdir", "      meta: {cores: '${item}'}\n      cmd: mkdir")
    fresh.edit("params.yaml", "c: 3", "c: all")
    told = fresh.run("mwm", "repro", "-j", "4")
    (alone,) = (line for line in told.splitlines() if line.startswith("repro: world@c"))
    assert "beside" not in alone
    assert "beside world@c" not in told
    assert "repro: world@b beside world@a" in told


def test_the_python_of_stages_is_that_of_the_command(fresh: Project, tmp_path: Path) -> None:
    """As after `.venv/bin/mwm repro` in a shell that has not activated the environment."""
    fresh.edit("dvc.yaml", "cmd: cp source.txt start.txt", "cmd: python see.py")
    (fresh / "see.py").write_text("import sys; open('start.txt', 'w').write(sys.executable)")
    (tmp_path / "bin").mkdir()
    for tool in ("git", "sh"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    subprocess.run(
        [sys.executable, "-m", "mwm", "repro", "start"],
        cwd=fresh.folder,
        env=unbound() | {"PATH": str(tmp_path / "bin"), "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    assert (fresh / "start.txt").read_text() == sys.executable


def test_a_stage_that_meets_another_command_of_dvc_starts_again(fresh: Project) -> None:
    """As one that has ended well must, if DVC is not let write down what it made."""
    fresh.edit("dvc.yaml", "cmd: cp", "cmd: test -e free || (touch begun && sleep 2); cp")
    process = fresh.start("mwm", "repro", "start")
    wait_for((fresh / "begun").exists)
    said: list[str] = []
    assert process.stdout is not None
    with (fresh / ".dvc/tmp/rwlock.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for line in process.stdout:
            said.append(line)
            if "was blocked by another command of DVC" in line:
                break
    (fresh / "free").touch()
    process.communicate()
    assert process.returncode == 0, said
    assert "Unable to acquire lock" in "".join(said)
    assert "start:" in (fresh / "dvc.lock").read_text()


def test_the_pace_of_this_run_scales_what_is_left() -> None:
    outlook = Outlook(["anchor", "recruit@a", "recruit@b"], {})
    assert outlook.seconds() == USUAL["anchor"] + 2 * USUAL["recruit"]
    outlook.finish("anchor", 2 * USUAL["anchor"])
    outlook.left.discard("anchor")
    assert outlook.seconds() == 4 * USUAL["recruit"]
    assert outlook.times == {"anchor": 2 * USUAL["anchor"]}


def test_a_stage_of_unknown_length_is_counted_and_sets_no_pace() -> None:
    outlook = Outlook(["theirs@a", "theirs@b", "anchor", "recruit@a"], {})
    assert outlook.untimed() == 2
    outlook.finish("anchor", USUAL["anchor"])
    outlook.finish("theirs@a", 3600)
    outlook.left -= {"anchor", "theirs@a"}
    assert (outlook.seconds(), outlook.untimed()) == (USUAL["recruit"], 1)


def test_what_others_wait_for_longest_is_most_urgent() -> None:
    upstream = {"see@o": [], "see@a": [], "anchor": ["see@o"], "recruit@a": ["anchor", "see@a"]}
    outlook = Outlook(upstream, {})
    assert outlook.by_urgency(upstream) == ["see@o", "anchor", "see@a", "recruit@a"]
    chain = USUAL["see"] + USUAL["anchor"] + USUAL["recruit"]
    assert outlook.seconds_at_once(upstream, 2) == chain
