"""Take over what was trained elsewhere: V of the original, M, the player -> runs.

Other worlds can then join them, with plays that none of them has seen.
"""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)


@commands.command(app)
def adopt(
    source: Annotated[Path, typer.Argument(help="folder of trained models")],
    parts: Annotated[list[str], typer.Argument(help="what to take of it: see/original anchor")],
    runs: Annotated[Path, typer.Option(help="folder to copy them to")],
) -> None:
    """Copy folders of trained models -> runs/<part>."""
    from mwm import ArtefactError
    from mwm.io import files
    from mwm.runtime import locks

    for part in parts:
        if not (source / part).is_dir():
            raise ArtefactError(
                f"{source / part}: expected what an earlier stage trained, found none; run "
                "`make repro` and `make control` first"
            )
    for part in parts:
        files.copy(source / part, locks.claim_folder(runs / part))


if __name__ == "__main__":
    app()
