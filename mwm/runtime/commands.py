"""What every command shares: errors in one line, and exit codes."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from mwm import ArtefactError, MwmError
from mwm.runtime import steadiness
from mwm.runtime.signals import Terminated, orderly

# PyTorch's threads (libgomp) wait for each other by spinning. Beside another busy process that
# takes their cores away from those who work: a training step took 1,360 ms instead of 59.
# Read when torch is first imported, which commands do after this module.
os.environ.setdefault("GOMP_SPINCOUNT", "0")

INTERRUPTED, TERMINATED = 130, 143
REMAKE = "make it again with `dvc repro`, or fetch it with `dvc pull`"


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
                with orderly(), steadiness.steady():
                    function(*args, **kwargs)
            except MwmError as error:
                remedy = f"; {REMAKE}" if isinstance(error, ArtefactError) else ""
                print(f"error: {error}{remedy}", file=sys.stderr)
                sys.exit(error.exit_code)
            except KeyboardInterrupt as interrupt:
                ended = isinstance(interrupt, Terminated)
                kept = f"{interrupt}; `dvc repro` goes on from there" if str(interrupt) else ""
                said = kept or "nothing was written; run the command again"
                print(f"{'terminated' if ended else 'interrupted'}: {said}", file=sys.stderr)
                sys.exit(TERMINATED if ended else INTERRUPTED)

        app.command(**options)(guarded)
        return function

    return register
