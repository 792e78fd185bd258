"""A study's params: methods laid over params.yaml -> <folder>/params.yaml, training.json."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)


@commands.command(app)
def params(
    methods: Annotated[
        list[Path], typer.Argument(help="partial params files to lay over, first to last")
    ],
    out: Annotated[Path, typer.Option(help="the study's folder")],
    values: Annotated[
        list[str], typer.Option("--set", help="one more value: train.run.seed=3; repeatable")
    ] = [],  # noqa: B006 (Typer copies it)
    base: Annotated[Path, typer.Option("--params", help="file that they are laid over")] = Path(
        "params.yaml"
    ),
) -> None:
    """Write a study's params.yaml, and the section that its training reads as training.json.

    DVC would copy all values of a section into dvc.lock, but of a file the hash alone.
    """
    from mwm.io import records
    from mwm.io.files import write_text
    from mwm.settings import params as settings
    from mwm.settings.overlay import lay_over
    from mwm.settings.train import TRAINING

    write_text(out / "params.yaml", lay_over(base, methods, values))
    records.write(out / TRAINING, settings.load(out / "params.yaml").train.model_dump())


if __name__ == "__main__":
    app()
