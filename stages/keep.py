"""Keep what tables need of a study: runs/<study>/{params.yaml, eval, seconds} -> <out>/<study>.

That is small enough for Git, while models stay in the cache of the machine that trained them. So
studies can run on several machines, and tables be made on any.
"""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)
EVALUATED = ("manifest.json", "pairs.csv", "foreign.csv", "curves.csv")
KEPT = ("params.yaml", *(f"eval/{name}" for name in EVALUATED), "seconds")


@commands.command(app)
def keep(
    study: Annotated[Path, typer.Argument(help="folder of a study that was evaluated")],
    out: Annotated[Path, typer.Option(help="folder for all that is kept")],
) -> None:
    """Copy what tables are made of -> <out>/<study>."""
    from mwm import ArtefactError
    from mwm.io import files
    from mwm.runtime import locks

    for part in KEPT:
        if not (study / part).exists():
            raise ArtefactError(
                f"{study / part}: expected what training or evaluation wrote, found nothing; run "
                f"the stage that evaluates {study.name} first (`mwm plan` in results/ or "
                "experiments/ lists it)"
            )
    folder = locks.claim_folder(out / study.name)
    for part in KEPT:
        files.copy(study / part, folder / part)


if __name__ == "__main__":
    app()
