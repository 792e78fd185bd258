"""Stages at work at once, each as soon as what it reads is there, in a `dvc repro` of its own."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from mwm.pipeline import times
from mwm.pipeline.telling import duration

# Without --wait-for-lock DVC gives up after three seconds, and with it a stage that has ended well.
DVC = ("-m", "dvc", "--wait-for-lock", "repro", "--single-item")
RUNS = re.compile(r"Running stage '")
NOISE = re.compile(
    r"\s*$|To (track|enable)|\t(git add|dvc config)|Use `dvc push`|\w+ lock file|Data and"
)
GRACE = 20  # seconds that stages have to end by themselves after an interrupt


class Crew:
    """Up to `jobs` stages at once.

    Attributes:
        ran, restored, failed: stages, in the order in which they ended; a restored one came from
            DVC's cache, or its inputs had not changed after all.
    """

    def __init__(
        self, upstream: Mapping[str, Iterable[str]], jobs: int, say: Callable[[str], None]
    ) -> None:
        self.ran: list[str] = []
        self.restored: list[str] = []
        self.failed: list[str] = []
        self._upstream = {stage: set(above) for stage, above in upstream.items()}
        self._outlook = times.Outlook(self._upstream, times.last())
        self._jobs, self._say = jobs, say
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._ended: queue.Queue[tuple[str, int, float | None]] = queue.Queue()

    def work(self) -> None:
        """Run all; after a failure none is started any more, and those at work finish.

        Raises:
            KeyboardInterrupt: after the stages at work were interrupted, too.
        """
        try:
            while self._start() or self._running:
                self._note(*self._ended.get())
        except KeyboardInterrupt:
            self._stop()
            raise

    def _start(self) -> bool:
        """Start what can be started; whether anything was."""
        done = {*self.ran, *self.restored}
        started = False
        for stage, above in self._upstream.items():
            if self.failed or len(self._running) >= self._jobs:
                break
            if above <= done and stage not in done and stage not in self._running:
                self._running[stage] = self._launch(stage)
                started = True
        return started

    def _launch(self, stage: str) -> subprocess.Popen[str]:
        left = self._outlook.seconds_at_once(self._upstream, self._jobs)
        done = self._outlook.total - len(self._outlook.left)
        beside = f" beside {', '.join(self._running)}" if self._running else ""
        self._say(
            f"run: {stage}{beside}; {done} of {self._outlook.total} done, "
            f"at most about {duration(left)} left"
        )
        process = subprocess.Popen(
            [sys.executable, *DVC, stage],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # an interrupt is passed on once, to dvc and stage alike
        )
        threading.Thread(target=self._follow, args=(stage, process), daemon=True).start()
        return process

    def _follow(self, stage: str, process: subprocess.Popen[str]) -> None:
        """Tell what a stage says, then that it has ended."""
        since = None
        assert process.stdout is not None
        for line in process.stdout:
            if RUNS.match(line):
                since = time.monotonic()
            if not NOISE.match(line):
                self._say(f"{stage} | {line.rstrip()}")
        code = process.wait()
        self._ended.put((stage, code, since and time.monotonic() - since))

    def _note(self, stage: str, code: int, seconds: float | None) -> None:
        del self._running[stage]
        if code:
            self.failed.append(stage)
            waits = f"; waiting for {', '.join(self._running)}" if self._running else ""
            self._say(f"run: {stage} failed{waits}")
            return
        if seconds is None:
            self.restored.append(stage)
        else:
            self.ran.append(stage)
            times.learn(self._outlook, stage, seconds)
        self._outlook.left.discard(stage)

    def _stop(self) -> None:
        """Interrupt the stages at work and wait for them; end those that do not hear it."""
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for process in self._running.values():
                with suppress(ProcessLookupError):  # it has just ended
                    os.killpg(process.pid, sent)
            deadline = time.monotonic() + GRACE
            try:
                while self._running:
                    stage, *_ = self._ended.get(timeout=max(deadline - time.monotonic(), 0.01))
                    del self._running[stage]
                return
            except (queue.Empty, KeyboardInterrupt):  # who asks again does not want to wait
                continue
