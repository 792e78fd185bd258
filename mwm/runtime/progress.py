"""Progress: a bar on a terminal, plain lines elsewhere, and a file that others can read."""

import json
import os
import re
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mwm.runtime.processes import started
from mwm.runtime.state import state

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


def publish(file: Path, told: Mapping[str, object], since: float) -> None:
    """Write how far this process is into `file`, for others; `since`, Unix seconds, it began."""
    who = {"pid": os.getpid(), "pid_started": started(os.getpid())}
    content = {**told, **who, "started": since, "updated": time.time()}
    with suppress(OSError):  # work goes on where there is no room for this
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.replace(file)


class Progress:
    """A bar with rate and ETA on a terminal, a plain line every few seconds elsewhere (CI logs).

    Others can read the same from .mwm/progress/<label>.json, at most a second old.

    >>> with Progress("collect", total=1000, unit="frames") as progress:
    ...     progress.advance(100, note="reward -3")
    """

    def __init__(
        self, label: str, total: int, unit: str, *, every_seconds: float = 15.0, done: int = 0
    ) -> None:
        """Begin with `done` units that an earlier process did."""
        self.label, self.total, self.unit = label, total, unit
        self.done = self._before = done
        self._every = every_seconds
        self._bar: RichProgress | None = None
        self._file = state("progress", re.sub(r"\W+", "-", label) + ".json")

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
        told |= {"before": self._before, "note": note, "stage": os.environ.get("DVC_STAGE", "")}
        publish(self._file, told, self._since)

    @property
    def rate(self) -> float:
        """Units per second since the start."""
        return (self.done - self._before) / max(time.monotonic() - self._started, 1e-9)

    def _pace(self) -> str:
        digits = ",.0f" if self.rate >= 10 else ".2g"
        return f"{self.rate:{digits}} {self.unit}/s"

    def _line(self, note: str) -> str:
        left = max(self.total - self.done, 0)
        seconds = int(left / self.rate) if left and self.rate else 0
        eta = f"{seconds // 60}:{seconds % 60:02d}" if self.rate or not left else "unknown"
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
