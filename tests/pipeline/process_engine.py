"""An engine for tests: workers are processes of this machine, and nothing stands in for them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mwm import MwmError
from mwm.engines.base import End


class ProcessEngine:
    """Starts every worker at once; `tasks` are all that were submitted."""

    def __init__(self, spoil: Callable[[Path, str], None] = lambda job, attempt: None) -> None:
        self.tasks: list[ProcessTask] = []
        self.spoil = spoil  # called before a worker starts
        self.closed = False

    def check(self, cores: int) -> None:
        if cores > 1000:
            raise MwmError("processes: expected fewer cores")

    def submit(self, job: Path, attempt: str, stage: str, cores: int) -> "ProcessTask":
        self.spoil(job, attempt)
        task = ProcessTask(job, attempt, stage)
        self.tasks.append(task)
        return task

    def close(self) -> None:
        self.closed = True


class ProcessTask:
    def __init__(self, job: Path, attempt: str, stage: str) -> None:
        self.job, self.attempt, self.stage = job, attempt, stage
        worker = [sys.executable, "-m", "mwm.engines.worker", str(job), attempt]
        self.process = subprocess.Popen(worker, stdin=subprocess.DEVNULL)

    def ended(self) -> End | None:
        code = self.process.poll()
        return None if code is None else End(code == 0, f"exit code {code}")

    def stop(self, at_once: bool) -> None:
        if at_once:
            self.process.kill()
        else:
            self.process.terminate()
