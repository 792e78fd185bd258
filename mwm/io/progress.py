"""How long-running functions report progress: to a callback, which shows it or not."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol


class Progress(Protocol):
    """The progress of one piece of work.

    Attributes:
        total: units to do; may be corrected while the work goes on.
        done: units done so far.
    """

    total: int
    done: int

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Count `amount` more units as done; `note` says what else is worth watching."""


class Monitor(Protocol):
    """Starts a `Progress` over `total` units, of which an earlier process did `done`."""

    def __call__(
        self, label: str, total: int, unit: str, *, done: int = 0
    ) -> AbstractContextManager[Progress]:
        """A context: the work is done within it."""


@dataclass
class _Silent:
    total: int
    done: int

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.done += amount


@contextmanager
def silent(label: str, total: int, unit: str, *, done: int = 0) -> Iterator[Progress]:
    """The monitor that shows nothing."""
    yield _Silent(total, done)
