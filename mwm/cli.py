"""What every command shares: errors in one line, exit codes, and a progress bar."""

import functools
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from mwm import MwmError

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

INTERRUPTED = 130


def application(purpose: str) -> typer.Typer:
    """A Typer application whose `--help` opens with `purpose`.

    Without Rich: its markup takes half of the time that `--help` takes.
    """
    return typer.Typer(
        help=purpose, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )


def command(
    app: typer.Typer, **options: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function on `app`; its `MwmError`s end the process with one line, no traceback."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except MwmError as error:
                print(f"error: {error}", file=sys.stderr)
                sys.exit(error.exit_code)
            except KeyboardInterrupt as interrupt:
                said = str(interrupt) or "nothing was written; run the command again"
                print(f"interrupted: {said}", file=sys.stderr)
                sys.exit(INTERRUPTED)

        app.command(**options)(guarded)
        return function

    return register


class Progress:
    """A bar with rate and ETA on a terminal, a plain line every few seconds elsewhere (CI logs).

    >>> with Progress("collect", total=1000, unit="frames") as progress:
    ...     progress.advance(100, note="reward -3")
    """

    def __init__(self, label: str, total: int, unit: str, every_seconds: float = 15.0) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self._every = every_seconds
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        self._started = self._spoken = time.monotonic()
        if sys.stderr.isatty():
            from rich import progress as rich
            from rich.console import Console

            self._bar = rich.Progress(
                rich.TextColumn("{task.description}"),
                rich.BarColumn(),
                rich.MofNCompleteColumn(),
                rich.TextColumn("{task.fields[rate]} · {task.fields[note]}"),
                rich.TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._task = self._bar.add_task(self.label, total=self.total, rate="", note="")
            self._bar.start()
        return self

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Count `amount` more units as done; `note` says what else is worth watching."""
        self.done += amount
        now = time.monotonic()
        if self._bar is not None:
            rate = self._pace()
            self._bar.update(
                self._task, completed=self.done, total=self.total, rate=rate, note=note
            )
        elif now - self._spoken >= self._every:
            self._spoken = now
            print(self._line(note), file=sys.stderr, flush=True)

    @property
    def rate(self) -> float:
        """Units per second since the start."""
        return self.done / max(time.monotonic() - self._started, 1e-9)

    def _pace(self) -> str:
        digits = ",.0f" if self.rate >= 10 else ".2g"
        return f"{self.rate:{digits}} {self.unit}/s"

    def _line(self, note: str) -> str:
        left = max(self.total - self.done, 0) / max(self.rate, 1e-9)
        eta = f"{int(left) // 60}:{int(left) % 60:02d}"
        text = f"{self.label}: {self.done:,}/{self.total:,} {self.unit}, {self._pace()}, ETA {eta}"
        return f"{text}, {note}" if note else text

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif kind is None:
            print(self._line(""), file=sys.stderr, flush=True)
