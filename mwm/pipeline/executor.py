"""Several stages at once, each as soon as its inputs exist, in a `dvc repro` of its own."""

import queue
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Protocol

from mwm.pipeline import remaining, times
from mwm.pipeline.child import CHECKOUT, Child, Ended, Heard, Said
from mwm.pipeline.plan import Step
from mwm.pipeline.project import root
from mwm.runtime.processes import idle_cores
from mwm.runtime.progress import publish

GRACE = 20  # seconds that stages have to end by themselves after an interrupt
TRIES = 3  # of a stage that another command of DVC, asking for the same files, made fail
MOST = 2  # stages at once unless told: more would want more memory than may be there
IDLE = 0.6  # cores without work that one more stage needs
AGAIN = 30  # seconds between two looks at whether a core is idle
LINES = 1000  # that wait to be printed: then stages wait, as they would before a full pipe


class Handle(Protocol):
    """A stage at work."""

    def send(self, number: signal.Signals) -> None:
        """Ask it to end; by SIGKILL, end it."""
        ...


class Executor:
    """Several stages at once; first those by which most others are kept waiting.

    Attributes:
        ran, restored, failed: stages, in the order in which they ended; a restored one came from
            DVC's cache, or its inputs had not changed after all.
    """

    def __init__(
        self,
        planned: Iterable[Step],
        jobs: int | None,
        say: Callable[[str], None],
        alone: Collection[str] = (),
        launch: "Callable[[str, Heard], Handle] | None" = None,
    ) -> None:
        """Prepare to run.

        Args:
            planned: what to run.
            jobs: stages at once at most; None for MOST while a core is idle, else one.
            say: prints a line.
            alone: stages that run alone.
            launch: starts a stage; None for a `dvc repro` here.
        """
        self.ran: list[str] = []
        self.restored: list[str] = []
        self.failed: list[str] = []
        steps = {step.stage: step for step in planned}
        self._upstream = {stage: set(step.upstream) for stage, step in steps.items()}
        self._settings = {stage: step.settings for stage, step in steps.items()}
        restored = {stage for stage, step in steps.items() if step.action == "restore"}
        # An output that was edited is left to `dvc repro`, which records it as it is.
        self._brought = {each for each in restored if steps[each].kept and steps[each].is_checkout}
        self._here = restored if launch else set()  # beside a cluster, whose limit is its own
        timed = {each: step.seconds for each, step in steps.items() if step.timed != "unknown"}
        self._outlook = times.Outlook(steps, timed)
        self._order = self._outlook.by_urgency(self._upstream)
        self._jobs, self._say, self._alone = jobs, say, set(alone)
        self._begin: Callable[[str, Heard], Handle] = launch or Child
        self._running: dict[str, Handle] = {}
        self._since = time.time()
        self._tries: Counter[str] = Counter()
        self._heard: Heard = queue.Queue(LINES)

    def work(self) -> None:
        """Run all; after a failure none is started any more, and those at work finish.

        Whatever is raised, as when `say` fails: the stages at work are interrupted before.
        """
        try:
            while True:
                self._start()
                if not self._running:
                    return
                with suppress(queue.Empty):
                    self._note(self._next_end(time.monotonic() + AGAIN))
        except BaseException:
            self._stop()
            raise

    def _start(self) -> None:
        """Start what can be started."""
        while not self.failed and len(self._running) < (self._jobs or MOST):
            done = {*self.ran, *self.restored}
            stage = next((each for each in self._order if self._ready(each, done)), None)
            if stage is None or (self._running and self._alone & {stage, *self._running}):
                return
            if self._running and not self._jobs and idle_cores() < IDLE:
                return
            self._running[stage] = self._launch(stage)

    def _ready(self, stage: str, done: set[str]) -> bool:
        if stage in self._here and len(self._here & self._running.keys()) >= MOST:
            return False
        return self._upstream[stage] <= done and stage not in done and stage not in self._running

    def _launch(self, stage: str) -> Handle:
        at_once = self._jobs or len(self._running) + 1
        seconds = self._outlook.seconds_at_once(self._upstream, at_once)
        total, untimed = self._outlook.total, self._outlook.untimed()
        done = total - len(self._outlook.left)
        beside = f" beside {', '.join(self._running)}" if self._running else ""
        told = {"done": done, "total": total, "left": seconds, "untimed": untimed}
        publish(root() / remaining.RUN, told, self._since)
        words = remaining.in_words(seconds, untimed)
        self._say(f"repro: {stage}{beside}; {done} of {total} done, {words}")
        self._tries[stage] += 1
        if stage in self._brought:  # `dvc repro` would call it missing
            return Child(stage, self._heard, CHECKOUT)
        return self._begin(stage, self._heard)

    def _next_end(self, deadline: float) -> Ended:
        """Tell what stages say until one has ended.

        Raises:
            queue.Empty: none has at that time of the monotonic clock.
            Exception: one is not heard any more.
        """
        while (left := deadline - time.monotonic()) > 0:
            match self._heard.get(timeout=left):
                case Ended() as ended:
                    return ended
                case Said(stage, line):
                    self._say(f"{stage} | {line}")
                case error:
                    raise error
        raise queue.Empty

    def _note(self, ended: Ended) -> None:
        stage = ended.stage
        del self._running[stage]
        if ended.code and ended.busy and self._tries[stage] < TRIES:
            self._say(f"repro: {stage} was blocked by another command of DVC, and starts again")
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
        say = self._say

        def tell(line: str) -> None:
            with suppress(Exception):  # perhaps that is why they are to stop
                say(line)

        self._say = tell
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + GRACE
            try:
                # In threads: an interrupt reaches none of them, and none waits for another.
                for child in list(self._running.values()):
                    threading.Thread(target=child.send, args=(sent,)).start()
                while self._running:
                    del self._running[self._next_end(deadline).stage]
                return
            except (Exception, KeyboardInterrupt):  # who asks again does not want to wait
                continue
