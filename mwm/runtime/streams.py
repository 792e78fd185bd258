"""Standard output and error that commands can rely on: open, and nothing ends if no one reads."""

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from pathlib import Path
from typing import IO, Any, cast


class Notes:
    """Standard error: what is told after its reader has gone is lost, and work goes on."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or pretend to."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is kept back, or pretend to."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def ready() -> Iterator[None]:
    """In the block both streams are open, and print what their encoding lacks as `\\u2026`."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:  # closed by who started this
            _fill(number)
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with redirect_stderr(cast(IO[str], Notes(sys.stderr))):
            yield
    finally:
        _let_go(sys.stdout)
        _let_go(sys.stderr)


def unheard() -> bool:
    """Whether the reader of standard output has gone."""
    look = select.poll()
    try:
        look.register(sys.stdout.fileno(), 0)
    except OSError:  # no file, in tests
        return False
    return any(found & select.POLLERR for _, found in look.poll(0))


def _fill(number: int) -> None:
    """Open nothing under a closed number: else the next file gets it, and what libraries print."""
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_WRONLY)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


def _let_go(stream: IO[str]) -> None:
    """Drop what cannot be written: Python would complain at its end, and exit with 120."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
