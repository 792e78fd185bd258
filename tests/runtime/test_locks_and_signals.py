"""Commands beside others: they wait for each other, end with DVC, and tidy up."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flock import without_flock

from mwm.runtime.commands import TERMINATED
from mwm.runtime.processes import alive, started
from mwm.runtime.progress import Progress
from mwm.runtime.signals import GRACE

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys, time
from pathlib import Path
from mwm.io import files
from mwm.runtime import commands, locks

app = commands.application("Write slowly.")

@commands.command(app)
def write(seconds: float) -> None:
    "Claim out.txt, and write it after some seconds."
    locks.claim(Path("out.txt"))
    with files.replacing("out.txt") as temporary:
        Path("started").touch()
        time.sleep(seconds)
        temporary.write_text("whole")

app()
"""
COMPUTE = """
import threading
from multiprocessing.pool import ThreadPool
from pathlib import Path
import torch
from mwm.runtime import commands

app = commands.application("Compute in threads.")

@commands.stage(app)
def compute() -> None:
    "Multiply matrices for ever."
    def multiply(size):
        while True:
            Path("started").touch()
            torch.randn(size, size) @ torch.randn(size, size)
    with ThreadPool(2) as pool:
        pool.map(multiply, [2000, 2000])

app()
"""
DVC = """
import os, subprocess, sys
subprocess.run(sys.argv[1:], env=os.environ | {"DVC_STAGE": "collect"})
"""


def start(folder: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


def writing(seconds: float) -> list[str]:
    return [sys.executable, "-c", PROGRAM, str(seconds)]


def wait(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(params=[0, errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def flock(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file system with flock, or without: then it fails with this error."""
    if request.param:
        lacking = without_flock(tmp_path_factory.mktemp("flock"), request.param)
        for name, value in lacking.items():
            monkeypatch.setenv(name, value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


def half_written(folder: Path) -> list[Path]:
    return list(folder.glob(".out.txt.*"))


def test_a_second_command_waits_for_the_first_and_says_who_that_is(
    folder: Path, flock: None
) -> None:
    first = start(folder, *writing(60))
    assert wait((folder / "started").exists)
    second = start(folder, *writing(0))
    assert second.stderr is not None
    said = second.stderr.readline()
    assert said.startswith(f"waiting: out.txt is in use by process {first.pid} since ")
    first.terminate()
    first.communicate(timeout=60)
    assert second.communicate(timeout=60)[1] == ""
    assert second.returncode == 0
    assert (folder / "out.txt").read_text() == "whole"


def test_a_killed_command_leaves_no_lock_and_the_next_tidies_up(folder: Path, flock: None) -> None:
    first = start(folder, *writing(60))
    assert wait((folder / "started").exists)
    first.kill()
    first.communicate()
    assert len(half_written(folder)) == 1
    (folder / ".out.txt").touch()  # of somebody else
    second = start(folder, *writing(0))
    assert second.communicate(timeout=60)[1] == ""
    assert half_written(folder) == []
    assert (folder / ".out.txt").exists()


@pytest.mark.parametrize("between", [[], ["sh", "-c", 'cd . && "$@"; true', "sh"]])
def test_a_stage_ends_when_its_dvc_is_killed(folder: Path, between: list[str]) -> None:
    dvc = start(folder, sys.executable, "-c", DVC, *between, *writing(60))
    assert wait((folder / "started").exists)
    (lock,) = (folder / ".mwm" / "locks").iterdir()
    holder = json.loads(lock.read_text())["pid"]
    assert started(holder) > 0
    dvc.kill()
    assert wait(lambda: started(holder) == 0, GRACE)
    dvc.communicate()
    assert half_written(folder) == []
    assert not (folder / "out.txt").exists()


def test_a_stage_whose_dvc_is_gone_already_ends_at_once(folder: Path) -> None:
    """Then what started it is of another session: a system's first process, say."""
    session = "import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])"
    dvc = start(folder, sys.executable, "-c", DVC, sys.executable, "-c", session, *writing(60))
    _, said = dvc.communicate(timeout=60)
    assert said == "terminated: nothing is half-written; run the command again\n"
    assert not (folder / "out.txt").exists()


def test_a_zombie_is_no_process(folder: Path) -> None:
    command = start(folder, sys.executable, "-c", "")
    since = started(command.pid)
    assert alive(command.pid, since)
    if sys.platform == "linux":  # counted by a clock that nobody can set
        assert 0 < time.clock_gettime(time.CLOCK_BOOTTIME) - since < 60
    assert wait(lambda: started(command.pid) == 0)
    assert not alive(command.pid, since)
    assert not alive(10**9, 1)
    command.communicate()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_is_tidy(folder: Path, sent: signal.Signals) -> None:
    command = start(folder, *writing(60))
    assert wait((folder / "started").exists)
    command.send_signal(sent)
    _, said = command.communicate(timeout=60)
    assert command.returncode == TERMINATED == 143
    assert said == "terminated: nothing is half-written; run the command again\n"
    assert half_written(folder) == []


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, TERMINATED), (signal.SIGINT, 130)])
def test_a_signal_amid_threads_that_compute_ends_them(
    folder: Path, sent: signal.Signals, code: int
) -> None:
    command = start(folder, sys.executable, "-c", COMPUTE)
    assert wait((folder / "started").exists)
    time.sleep(1)  # Python hears no signal that comes just as its main thread starts to wait
    command.send_signal(sent)
    _, said = command.communicate(timeout=GRACE)
    assert command.returncode == code  # Python's own end aborted in C++, with SIGABRT
    assert said.endswith("ed: nothing is half-written; run the command again\n")


def test_under_nohup_a_closed_terminal_ends_nothing(folder: Path) -> None:
    command = start(folder, "nohup", *writing(2))
    assert wait((folder / "started").exists)
    command.send_signal(signal.SIGHUP)
    command.communicate(timeout=60)
    assert command.returncode == 0
    assert (folder / "out.txt").read_text() == "whole"


def test_progress_can_be_read_by_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(folder))
    file = folder / ".mwm" / "progress" / "recruit-mirror.json"
    with Progress("recruit mirror", total=9, unit="iterations", done=3) as progress:
        told = json.loads(file.read_text())
        assert (told["label"], told["done"], told["total"]) == ("recruit mirror", 3, 9)
        assert (told["unit"], told["note"], told["pid"]) == ("iterations", "", os.getpid())
        assert told["pid_started"] == started(os.getpid())
        assert told["started"] <= told["updated"] <= time.time()
        time.sleep(1)
        progress.advance(2, note="loss 3")
        told = json.loads(file.read_text())
        assert (told["done"], told["note"]) == (5, "loss 3")
    assert list(file.parent.iterdir()) == []
