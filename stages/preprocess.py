"""Make binary frames of the screens: params `preprocess`, data/rollouts.h5 -> data/frames.h5."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)


@commands.stage(app)
def preprocess(
    rollouts: Annotated[Path, typer.Option(help="File to read.")] = Path("data/rollouts.h5"),
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("data/frames.h5"),
) -> None:
    """Crop, binarise and shrink every screen to 64 x 64 pixels, and split the episodes.

    Reads the section `preprocess` of params.yaml.
    """
    from mwm.frames.preprocessing import preprocess
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.settings import lengths, params

    p = params.load()
    locks.claim(out)
    preprocess(p.preprocess, rollouts, out, Progress, lambda found: lengths.check(p, found))


if __name__ == "__main__":
    app()
