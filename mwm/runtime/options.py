"""Options and arguments that several stages take, and what the options are by default."""

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[str, typer.Argument(help="a run of params' train.runs")]
Data = Annotated[Path, typer.Option(help="folder of the worlds, <world>.h5")]
Runs = Annotated[Path, typer.Option(help="folder of the trained models")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes; the bytes do not depend on it. [default: all cores]"),
]
DATA, RUNS = Path("data/worlds"), Path("runs")
