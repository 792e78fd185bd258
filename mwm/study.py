"""Run a stage in a study's folder, which has params of its own, and note how long it took."""

import os
import runpy
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from mwm import UsageError
from mwm.runtime import commands

app = commands.application(__doc__)
VERBATIM = {"allow_extra_args": True, "ignore_unknown_options": True}


@commands.command(app, context_settings=VERBATIM)
def study(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="folder with a params.yaml")],
    stage: Annotated[
        str, typer.Argument(help="stage to run there, as in `python -m stages.STAGE`")
    ],
) -> None:
    """Run `python -m stages.STAGE ARGUMENTS` in FOLDER -> seconds/<STAGE>-<ARGUMENTS>.json there.

    The seconds are those of the whole stage: imports, training, validation, writing.
    """
    from mwm.io import records

    if not (folder / "params.yaml").is_file():
        raise UsageError(f"{folder}: expected a folder with a params.yaml, found none")
    words = [stage, *(word for word in context.args if not word.startswith(("-", ".")))]
    os.chdir(folder)
    os.environ["DVC_ROOT"] = str(Path.cwd())  # what is noted aside is the study's, too
    sys.argv = [f"stages.{stage}", *context.args]
    started = time.monotonic()
    try:
        runpy.run_module(f"stages.{stage}", run_name="__main__", alter_sys=True)
    except SystemExit as done:
        if done.code:
            raise
    seconds = round(time.monotonic() - started, 1)
    records.write(Path("seconds") / f"{'-'.join(words)}.json", {"seconds": seconds})


if __name__ == "__main__":
    app()
