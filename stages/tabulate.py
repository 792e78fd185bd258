"""Gather the studies: their folders, <method>-<seed> -> results/*.csv, index.html, PNGs."""

from pathlib import Path
from typing import Annotated

import typer

from mwm import cli

app = cli.application(__doc__)


@cli.command(app)
def tabulate(
    studies: Annotated[list[Path], typer.Argument(help="folders, <method>-<seed>")],
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("results"),
) -> None:
    """Rates over seeds, by method and variant, as tables and a page."""
    from mwm import params
    from mwm.reporting.studies import read_study
    from mwm.reporting.studies_report import report_studies

    p = params.load()
    report_studies([read_study(study) for study in studies], out, p.report.dpi)


if __name__ == "__main__":
    app()
