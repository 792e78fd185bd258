"""What every command shares: errors in one line, and exit codes."""

import functools
import inspect
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mwm import ArtefactError, MwmError, UsageError
from mwm.runtime import faults, kernels, signals, steadiness, streams, vouched
from mwm.runtime.signals import Terminated, orderly

INTERRUPTED, TERMINATED = 130, 143
UNHEARD = 141  # as of a program that SIGPIPE ends: the reader of its output has gone
WORKERS = "__mp_main__"  # what multiprocessing calls a stage where its workers import it
REMAKE = (
    "make it again with `dvc repro`, or fetch it with `dvc pull`; if that does not help, "
    "`mwm check --cache` says what to delete"
)


class Application(typer.Typer):
    """Commands of which even the parsing of arguments ends in one line."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the arguments name."""
        if len(self.registered_commands) == 1 and self.registered_callback is None:
            (only,) = self.registered_commands  # whose help Typer shows instead of the purpose
            texts = (self.info.help, inspect.getdoc(only.callback))  # none of them with -OO
            only.help = _as_written("\n\n".join(str(text) for text in texts if text))
        try:
            return super().__call__(*args, **kwargs)
        except Exception as error:  # Typer imports what it needs on the way
            print(f"error: {faults.told(error)}", file=sys.stderr)
            sys.exit(1)


def _as_written(text: str) -> str:
    """A help text whose indented lines are not filled as paragraphs are."""
    return re.sub(r"\n\n(?= {4})", "\n\n\b\n", text)


def application(purpose: str, completion: bool = False) -> typer.Typer:
    """A Typer application whose `--help` opens with `purpose`.

    Without Rich: its markup takes half of the time that `--help` takes. With `completion` it can
    tell shells what may be typed next.
    """
    return Application(
        help=purpose,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def command(
    app: typer.Typer, *, at_once: bool = False, **options: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function on `app`; whatever ends it before its time is told in one line.

    `at_once`: once interrupted, it does not wait for threads that compute.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            with streams.ready():
                code = _ended(functools.partial(function, *args, **kwargs))
            if at_once and code in (INTERRUPTED, TERMINATED) and signals.computing():
                os._exit(code)  # a thread amid C++ would abort the process as Python ends it
            if code:
                sys.exit(code)

        app.command(**options)(guarded)
        return function

    return register


def _ended(function: Callable[[], None]) -> Any:
    """The exit code of a command, after a line about whatever ended it before its time."""
    try:
        code = _called(function)
        sys.stdout.flush()
    except MwmError as error:
        remedy = f"; {REMAKE}" if isinstance(error, ArtefactError) else ""
        print(f"error: {error}{remedy}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        ended_by = isinstance(interrupt, Terminated)
        kept = f"{interrupt}; the same command goes on from there" if str(interrupt) else ""
        said = kept or "nothing is half-written; run the command again"
        print(f"{'terminated' if ended_by else 'interrupted'}: {said}", file=sys.stderr)
        return TERMINATED if ended_by else INTERRUPTED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and streams.unheard():
            return UNHEARD
        print(f"error: {faults.told(error)}", file=sys.stderr)
        return 1
    return code


def _called(function: Callable[[], None]) -> Any:
    """Call a command; the exit code that it asks for."""
    project = Path(os.environ.get("DVC_ROOT", "")).resolve()  # --folder sets another
    try:
        with orderly(), steadiness.steady():
            if "DVC_STAGE" in os.environ:
                vouched.read(project)  # it is changed at the end: a conflict is told now
            function()
    except SystemExit as asked:
        return asked.code
    if "DVC_STAGE" in os.environ:
        vouched.forget_running(project)
    return 0


Folder = Annotated[
    Path | None,
    typer.Option(help="run in this folder, which has a params.yaml of its own: a study"),
]


def stage(app: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a stage: a command that also takes `--folder`, a study's, and runs there."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def placed(*args: Any, folder: Path | None = None, **kwargs: Any) -> None:
            kernels.prepare()  # stages alone: `mwm repro` would hand it on to other projects'
            if folder is not None:
                _enter(folder)
            function(*args, **kwargs)

        option = inspect.Parameter(
            "folder", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Folder
        )
        signature = inspect.signature(function)
        placed.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*signature.parameters.values(), option]
        )
        placed.__annotations__ = {**function.__annotations__, "folder": Folder}
        command(app, at_once=True)(placed)
        if function.__module__ == WORKERS:
            kernels.flush_denormals()
        return function

    return register


def _enter(folder: Path) -> None:
    """Be in a study's folder; checkpoints and progress are the study's, too."""
    if not (folder / "params.yaml").is_file():
        raise UsageError(f"{folder}: expected a folder with a params.yaml, found none")
    os.chdir(folder)
    os.environ["DVC_ROOT"] = str(Path.cwd())
