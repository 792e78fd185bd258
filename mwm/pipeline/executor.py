"""Several stages at once, each as soon as its inputs exist, in a `dvc repro` of its own."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

from mwm.pipeline import project, times
from mwm.pipeline.foreign import with_this_python
from mwm.pipeline.output import duration
from mwm.pipeline.plan import Step

# Without --wait-for-lock DVC gives up after three seconds, and with it a stage that has ended well.
DVC = ("-m", "dvc", "--wait-for-lock", "repro", "--single-item")
RUNS = re.compile(r"Running stage '")
BUSY = re.compile(r".*(Unable to acquire lock|is busy, it is being blocked by)")
NOISE = re.compile(
    r"\s*$|To (track|enable)|\t(git add|dvc config)|Use `dvc push`|\w+ lock file|Data and"
)
GRACE = 20  # seconds that stages have to end by themselves after an interrupt
TRIES = 3  # of a stage that another command of DVC, asking for the same files, made fail
PAUSE = 2  # seconds between two of them


@dataclass(frozen=True)
class Ended:
    """How the `dvc repro` of a stage ended.

    Attributes:
        seconds: that its command took; None if it did not run.
        busy: whether DVC found what it needs in use by another command of DVC.
    """

    stage: str
    code: int
    seconds: float | None
    busy: bool


class Executor:
    """Up to `jobs` stages at once; first those by which most others are kept waiting.

    Attributes:
        ran, restored, failed: stages, in the order in which they ended; a restored one came from
            DVC's cache, or its inputs had not changed after all.
    """

    def __init__(
        self,
        planned: Iterable[Step],
        jobs: int,
        say: Callable[[str], None],
        alone: Collection[str] = (),
    ) -> None:
        """Of the stages of `planned` those in `alone` run alone."""
        self.ran: list[str] = []
        self.restored: list[str] = []
        self.failed: list[str] = []
        steps = {step.stage: step for step in planned}
        self._upstream = {stage: set(step.upstream) for stage, step in steps.items()}
        self._settings = {stage: step.settings for stage, step in steps.items()}
        self._outlook = times.Outlook(steps, {each: steps[each].seconds for each in steps})
        self._order = self._outlook.by_urgency(self._upstream)
        self._jobs, self._say, self._alone = jobs, say, set(alone)
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._tries: Counter[str] = Counter()
        self._ended: queue.Queue[Ended] = queue.Queue()

    def work(self) -> None:
        """Run all; after a failure none is started any more, and those at work finish.

        Raises:
            KeyboardInterrupt: after the stages at work were interrupted, too.
        """
        try:
            while True:
                self._start()
                if not self._running:
                    return
                self._note(self._ended.get())
        except KeyboardInterrupt:
            self._stop()
            raise

    def _start(self) -> None:
        """Start what can be started."""
        while not self.failed and len(self._running) < self._jobs:
            done = {*self.ran, *self.restored}
            stage = next((each for each in self._order if self._ready(each, done)), None)
            if stage is None or (self._running and self._alone & {stage, *self._running}):
                return
            self._running[stage] = self._launch(stage)

    def _ready(self, stage: str, done: set[str]) -> bool:
        return self._upstream[stage] <= done and stage not in done and stage not in self._running

    def _launch(self, stage: str) -> subprocess.Popen[str]:
        left = self._outlook.seconds_at_once(self._upstream, self._jobs)
        done = self._outlook.total - len(self._outlook.left)
        beside = f" beside {', '.join(self._running)}" if self._running else ""
        self._say(
            f"repro: {stage}{beside}; {done} of {self._outlook.total} done, "
            f"at most about {duration(left)} left"
        )
        self._tries[stage] += 1
        process = subprocess.Popen(
            [sys.executable, *DVC, project.rooted(stage)],
            cwd=project.root(),  # in a folder that Git ignores DVC refuses any dvc.yaml
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=with_this_python(os.environ),
            text=True,
            start_new_session=True,  # an interrupt is passed on once, to dvc and stage alike
        )
        threading.Thread(target=self._follow, args=(stage, process), daemon=True).start()
        return process

    def _follow(self, stage: str, process: subprocess.Popen[str]) -> None:
        """Tell what a stage says, then that it has ended."""
        since, busy = None, False
        assert process.stdout is not None
        for line in process.stdout:
            if RUNS.match(line):
                since = time.monotonic()
            busy = busy or bool(BUSY.match(line))
            if not NOISE.match(line):
                self._say(f"{stage} | {line.rstrip()}")
        code = process.wait()
        if code and busy:
            time.sleep(PAUSE)
        self._ended.put(Ended(stage, code, since and time.monotonic() - since, busy))

    def _note(self, ended: Ended) -> None:
        stage = ended.stage
        del self._running[stage]
        if ended.code and ended.busy and self._tries[stage] < TRIES:
            self._say(f"repro: {stage} met another command of DVC, and starts again")
        elif ended.code:
            self.failed.append(stage)
            waits = f"; waiting for {', '.join(self._running)}" if self._running else ""
            self._say(f"repro: {stage} failed{waits}")
        else:
            if ended.seconds is None:
                self.restored.append(stage)
            else:
                self.ran.append(stage)
                self._outlook.finish(stage, ended.seconds)
                times.learn(stage, self._settings[stage], ended.seconds)
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
                    ended = self._ended.get(timeout=max(deadline - time.monotonic(), 0.01))
                    del self._running[ended.stage]
                return
            except (queue.Empty, KeyboardInterrupt):  # who asks again does not want to wait
                continue
