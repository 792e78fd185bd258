"""What an engine is: it starts workers somewhere, says whether they are still there, stops them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class End:
    """How a worker ended, as far as its engine knows.

    Attributes:
        well: whether its exit code was 0, so that its receipt must be there, or will be.
        said: the engine's words.
    """

    well: bool
    said: str


class Task(Protocol):
    """One attempt at a job."""

    def ended(self) -> End | None:
        """None while it waits or works; else how it ended.

        Raises:
            MwmError: somebody cancelled it, so that it is not to be tried again.
        """
        ...

    def stop(self, at_once: bool) -> None:
        """End it, with time to tidy up or `at_once`."""
        ...


class Engine(Protocol):
    """Starts workers: `python -m mwm.engines.worker JOB ATTEMPT`."""

    def check(self, cores: int) -> None:
        """Stop before work starts if no worker of so many cores could be started.

        Raises:
            MwmError: the engine is not there, or has not so many cores on any machine.
        """
        ...

    def submit(self, job: Path, attempt: str, stage: str, cores: int) -> Task:
        """Start a worker once there is room for it.

        Raises:
            MwmError: the engine refused.
        """
        ...

    def close(self) -> None:
        """Leave the engine."""
        ...


def last_line(path: Path) -> str:
    """The last line of a file that has something in it; nothing if there is none, or no file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
