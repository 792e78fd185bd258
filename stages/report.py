"""Report on the run: params `report`, eval/ -> report/index.html, report/*.png, metrics.json."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)


@commands.stage(app)
def report(
    evaluation: Annotated[
        Path, typer.Option(help="folder with pairs.csv, curves.csv and film.h5")
    ] = Path("eval"),
    out: Annotated[Path, typer.Option(help="folder for the page and its figures")] = Path("report"),
    metrics: Annotated[Path, typer.Option(help="file for the summary")] = Path("metrics.json"),
) -> None:
    """Draw the figures, write the page that shows them, and sum up in a few numbers."""
    from mwm.reporting.run.report import report as write
    from mwm.runtime import locks
    from mwm.settings import params

    p = params.load()
    locks.claim(out, metrics)
    write(evaluation, out, metrics, p.report)


if __name__ == "__main__":
    app()
