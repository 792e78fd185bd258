"""A stage in a command of DVC of its own: what it says, and how it ended, come through a queue."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from mwm.pipeline import activity, project
from mwm.pipeline.subprocess_environment import with_this_python

# Without -P a secrets.py in the project's root would be what DVC imports by that name. Without
# --wait-for-lock DVC gives up after three seconds, and what a stage has made is lost.
DVC = ("-P", "-m", "dvc", "--wait-for-lock")
REPRO, CHECKOUT = ("repro", "--single-item"), ("checkout",)
RUNS = re.compile(r"Running stage '")
BUSY = re.compile(r".*(Unable to acquire lock|is busy, it is being blocked by)")
NOISE = re.compile(
    r"\s*$|To (track|enable)|\t(git add|dvc config)|Use `dvc push`|\w+ lock file|Data and"
)
PAUSE = 2.0  # seconds between two looks whether the command of DVC that a stage met is still there
LINGER = 1.0  # seconds for the last lines: a daemon that the stage left may keep the pipe open


@dataclass(frozen=True)
class Said:
    """A line of a stage."""

    stage: str
    line: str


@dataclass(frozen=True)
class Ended:
    """How the `dvc repro` or `dvc checkout` of a stage ended.

    Attributes:
        seconds: that its command took; None if it did not run.
        busy: whether DVC found what it needs in use by another command of DVC.
    """

    stage: str
    code: int
    seconds: float | None
    busy: bool


Heard = queue.Queue[Said | Ended | Exception]  # an exception: nobody hears that stage any more


class Child:
    """A stage at work: `heard` gets its lines, and then, once DVC is gone, its end.

    Two threads, neither of which prints: a write that fails is for the main thread to meet.
    """

    def __init__(self, stage: str, heard: Heard, command: Sequence[str] = REPRO) -> None:
        self._stage, self._heard = stage, heard
        self._since: float | None = None
        self._busy = False
        self._hurried = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, *DVC, *command, project.rooted(stage)],
            cwd=project.root(),  # in a folder that Git ignores DVC refuses any dvc.yaml
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=with_this_python(os.environ),
            encoding="utf-8",
            errors="replace",  # a stage may print what it likes
            start_new_session=True,  # an interrupt is passed on once, to dvc and stage alike
        )
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        threading.Thread(target=self._wait, args=(reader,), daemon=True).start()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to DVC and to the stage."""
        self._hurried.set()
        with suppress(ProcessLookupError):  # it has just ended
            os.killpg(self._process.pid, number)

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as lines:
                for line in lines:
                    if RUNS.match(line):
                        self._since = time.monotonic()
                    self._busy = self._busy or bool(BUSY.match(line))
                    if not NOISE.match(line):
                        self._heard.put(Said(self._stage, line.rstrip()))
        except Exception as error:
            self._heard.put(error)

    def _wait(self, reader: threading.Thread) -> None:
        code = self._process.wait()
        seconds = self._since and time.monotonic() - self._since
        reader.join(LINGER)
        if code and self._busy:
            self._give_way()
        self._heard.put(Ended(self._stage, code, seconds, self._busy))

    def _give_way(self) -> None:
        """Wait for other commands of DVC: a run that was killed may have left its own at work."""
        told = False
        while not self._hurried.wait(PAUSE) and (others := activity.others()):
            if not told:
                which = f"`{others[0].command}` (pid {others[0].pid})"
                self._heard.put(Said(self._stage, f"waiting for {which}; `mwm status` shows it"))
            told = True
