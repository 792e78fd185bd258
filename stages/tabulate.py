"""Gather studies, ablations, memories or scores, a folder each -> tables, pages, pictures."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import RUNS, Runs

app = commands.application(__doc__)


@commands.stage(app)
def studies(
    folders: Annotated[list[Path], typer.Argument(help="folders, <method>-<seed>")],
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("results"),
) -> None:
    """Rates over seeds, by method and variant, as tables and a page."""
    from mwm.reporting.studies.report import report_studies
    from mwm.reporting.studies.study import read_study
    from mwm.runtime import locks
    from mwm.settings import params

    p = params.load()
    locks.claim(out)
    report_studies([read_study(folder) for folder in folders], out, p.report.dpi)


@commands.stage(app)
def ablations(
    folders: Annotated[list[Path], typer.Argument(help="folders, <condition>-<seed>")],
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("results"),
) -> None:
    """Measures by condition, variant and seed -> ablations.csv, ablations.png."""
    from mwm.reporting.studies.ablations import report_ablations
    from mwm.runtime import locks
    from mwm.settings import params

    p = params.load()
    locks.claim(out)
    report_ablations(folders, out, p.report.dpi)


@commands.stage(app)
def memories(
    folders: Annotated[list[Path], typer.Argument(help="folders, <units>-<predicts>-<steps>")],
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("results"),
) -> None:
    """How long the dreams of different Ms hold -> memories.csv, memories.png."""
    from mwm.reporting.studies.memories import report_memories
    from mwm.runtime import locks
    from mwm.settings import params

    p = params.load()
    locks.claim(out)
    report_memories(folders, out, p.report.dpi)


@commands.stage(app)
def transfer(
    runs: Runs = RUNS,
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("report"),
    metrics: Annotated[Path, typer.Option(help="file of the summary")] = Path("transfer.json"),
    note: Annotated[str | None, typer.Option(help="a sentence for the page, on its models")] = None,
) -> None:
    """What a player scores in every world -> control.html, its pictures, transfer.json."""
    from mwm.io import records
    from mwm.reporting.control.report import report_control
    from mwm.runtime import locks
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL

    p = params.load()
    locks.claim(out / "control.html", metrics)
    home = records.read(runs / "control" / records.MANIFEST).get("world", ORIGINAL)
    shown = {ORIGINAL: ORIGINAL} | {name: run.worlds[1] for name, run in p.train.runs.items()}
    away = [name for name, world in shown.items() if world != home]
    folders = [runs / "transfer" / name for name in (home, *away)]
    inputs = p.train.run.inputs
    report_control(runs / "control", folders, out, metrics, p.report.dpi, inputs, note)


if __name__ == "__main__":
    app()
