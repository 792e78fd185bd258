"""Play the game with a random policy: params `collect` -> data/rollouts.h5."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)


@commands.stage(app)
def collect(
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("data/rollouts.h5"),
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes; the bytes do not depend on it. [default: all cores]"),
    ] = None,
) -> None:
    """Play the game with a random policy and record every screen, action and reward.

    Reads the section `collect` of params.yaml. The emulator limits the speed to about 2,800
    steps a second and core at frame skip 4.
    """
    from mwm.io.spawn import usable_cores
    from mwm.rollouts.recording import collect
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf
    from mwm.settings import params

    p = params.load()
    locks.claim(out)
    collect(p.collect, out, workers or usable_cores(), shelf(), Progress)


if __name__ == "__main__":
    app()
