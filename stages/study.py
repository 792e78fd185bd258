"""A study's params: methods laid over params.yaml -> <folder>/params.yaml."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)


@commands.command(app)
def study(
    methods: Annotated[
        list[Path], typer.Argument(help="partial params files to lay over, first to last")
    ],
    out: Annotated[Path, typer.Option(help="file to write")],
    values: Annotated[
        list[str], typer.Option("--set", help="one more value: train.run.seed=3; repeatable")
    ] = [],  # noqa: B006 (Typer copies it)
    params: Annotated[Path, typer.Option(help="file that they are laid over")] = Path(
        "params.yaml"
    ),
) -> None:
    """Write the params of a study, a folder in which every stage can run with `--folder`."""
    from mwm.io.files import write_text
    from mwm.settings.overlay import lay_over

    write_text(out, lay_over(params, methods, values))


if __name__ == "__main__":
    app()
