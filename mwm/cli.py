"""What every command shares: errors in one line, exit codes, and a progress bar."""

import functools
import json
import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from mwm import MwmError, inputs, process

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

INTERRUPTED, TERMINATED = 130, 143


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
    """Register a function on `app`; an `MwmError`, Ctrl-C or SIGTERM ends it with one line."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                with process.orderly(), inputs.steady():
                    function(*args, **kwargs)
                if "DVC_STAGE" in os.environ:
                    from mwm.pipeline import vouched

                    vouched.forget_running()
            except MwmError as error:
                print(f"error: {error}", file=sys.stderr)
                sys.exit(error.exit_code)
            except KeyboardInterrupt as interrupt:
                ended = isinstance(interrupt, process.Terminated)
                said = str(interrupt) or "nothing was written; run the command again"
                print(f"{'terminated' if ended else 'interrupted'}: {said}", file=sys.stderr)
                sys.exit(TERMINATED if ended else INTERRUPTED)

        app.command(**options)(guarded)
        return function

    return register


class Progress:
    """A bar with rate and ETA on a terminal, a plain line every few seconds elsewhere (CI logs).

    Others can read the same from .mwm/progress/<label>.json, at most a second old.

    >>> with Progress("collect", total=1000, unit="frames") as progress:
    ...     progress.advance(100, note="reward -3")
    """

    def __init__(
        self, label: str, total: int, unit: str, every_seconds: float = 15.0, done: int = 0
    ) -> None:
        """Begin with `done` units that an earlier process did."""
        self.label, self.total, self.unit = label, total, unit
        self.done = self._before = done
        self._every = every_seconds
        self._bar: RichProgress | None = None
        self._file = process.state("progress", re.sub(r"\W+", "-", label) + ".json")

    def __enter__(self) -> Self:
        self._started = self._spoken = time.monotonic()
        self._since = time.time()
        self._publish("")
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
        if now - self._published >= 1:
            self._publish(note)

    def _publish(self, note: str) -> None:
        self._published = time.monotonic()
        told = {name: getattr(self, name) for name in ("label", "done", "total", "unit")}
        told |= {"note": note, "pid": os.getpid(), "pid_started": process.started(os.getpid())}
        told |= {"started": self._since, "updated": time.time()}
        with suppress(OSError):  # work goes on where there is no room for this
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._file.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(told), encoding="utf-8")
            temporary.replace(self._file)

    @property
    def rate(self) -> float:
        """Units per second since the start."""
        return (self.done - self._before) / max(time.monotonic() - self._started, 1e-9)

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
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
        if self._bar is not None:
            self._bar.stop()
        elif kind is None:
            print(self._line(""), file=sys.stderr, flush=True)
