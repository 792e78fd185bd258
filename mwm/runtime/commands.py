"""What every command shares: errors in one line, and exit codes."""

import functools
import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import typer

from mwm import ArtefactError, MwmError, UsageError
from mwm.runtime import kernels, steadiness
from mwm.runtime.signals import Terminated, orderly

INTERRUPTED, TERMINATED = 130, 143
REMAKE = (
    "make it again with `dvc repro`, or fetch it with `dvc pull`; if that does not help, "
    "`mwm check --cache` says what to delete"
)


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
            kernels.pin()
            kernels.keep_memory()
            project = Path(os.environ.get("DVC_ROOT", "")).resolve()  # --folder sets another
            try:
                with orderly(), steadiness.steady():
                    function(*args, **kwargs)
                if "DVC_STAGE" in os.environ:
                    from mwm.runtime import vouched

                    vouched.forget_running(project)
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


Folder = Annotated[
    Path | None,
    typer.Option(help="run in this folder, which has a params.yaml of its own: a study"),
]


def stage(app: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a stage: a command that also takes `--folder`, a study's, and runs there.

    In a study it writes how long it took: imports, training, validation and writing together.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def placed(*args: Any, folder: Path | None = None, **kwargs: Any) -> None:
            with _studying(folder, function.__module__):
                function(*args, **kwargs)

        option = inspect.Parameter(
            "folder", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Folder
        )
        signature = inspect.signature(function)
        placed.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*signature.parameters.values(), option]
        )
        placed.__annotations__ = {**function.__annotations__, "folder": Folder}
        command(app)(placed)
        return function

    return register


@contextmanager
def _studying(folder: Path | None, module: str) -> Iterator[None]:
    """Be in a study's folder; at the end write seconds/<stage>-<arguments>.json there."""
    if folder is None:
        yield
        return
    if not (folder / "params.yaml").is_file():
        raise UsageError(f"{folder}: expected a folder with a params.yaml, found none")
    from mwm.io import records

    os.chdir(folder)
    os.environ["DVC_ROOT"] = str(Path.cwd())  # checkpoints and progress are the study's, too
    started = time.monotonic()
    yield
    seconds = round(time.monotonic() - started, 1)
    name = Path(sys.argv[0]).stem if module == "__main__" else module.rpartition(".")[2]
    words = [name, *takewhile(lambda word: not word.startswith("-"), sys.argv[1:])]
    records.write(Path("seconds") / f"{'-'.join(words)}.json", {"seconds": seconds})
