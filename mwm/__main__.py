"""Run, check and compare the pipeline: commands that complete `dvc`, on its own files."""

from mwm.runtime import importing  # isort: split

import warnings
from typing import Annotated

import typer

from mwm import __version__
from mwm.pipeline.check import check
from mwm.pipeline.compare import compare
from mwm.pipeline.live import live
from mwm.pipeline.plan import plan
from mwm.pipeline.pretrained import demo, export
from mwm.pipeline.profile import profile
from mwm.pipeline.prune import prune
from mwm.pipeline.repro import repro
from mwm.pipeline.schema import schema
from mwm.pipeline.status import status
from mwm.pipeline.subprocess_environment import name_user, unbind
from mwm.pipeline.vouch import vouch
from mwm.pipeline.world import app as world
from mwm.runtime import commands

importing.done()
app = commands.application(__doc__, completion=True)
COMMANDS = (repro, check, plan, vouch, prune, status, live, compare, profile, schema, demo, export)
for function in COMMANDS:
    commands.command(app)(function)
commands.command(app, name="run", help="The same as `mwm repro`.")(repro)
app.add_typer(world, name="world")


def _version(asked: bool) -> None:
    if asked:
        print(f"mwm {__version__}")
        raise typer.Exit


@app.callback(help=__doc__)
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="print the version, and end"
        ),
    ] = False,
) -> None:
    """Options of `mwm` itself."""


def main() -> None:
    """Run the command that the arguments name."""
    unbind()
    name_user()
    warnings.simplefilter("ignore")  # of DVC's libraries, which PYTHONWARNINGS=error would end
    app(prog_name="mwm")


if __name__ == "__main__":
    main()
