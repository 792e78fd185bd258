"""Apply a profile, a partial params file such as profiles/smoke.yaml, on top of params.yaml."""

from pathlib import Path
from typing import Annotated

import typer

from mwm import UsageError
from mwm.pipeline.output import named_file


def profile(
    profiles: Annotated[
        list[Path] | None,
        typer.Argument(help="partial params files to apply, first to last", show_default=False),
    ] = None,
    params: Annotated[Path, typer.Option(help="params file to change")] = Path("params.yaml"),
    values: Annotated[
        list[str], typer.Option("--set", help="one more value: train.run.seed=3; repeatable")
    ] = [],  # noqa: B006 (Typer copies it)
    out: Annotated[
        Path | None,
        typer.Option(
            help="file to write instead; the params file stays as it is", callback=named_file
        ),
    ] = None,
) -> None:
    """Apply profiles on top of params.yaml; `git checkout params.yaml` undoes it.

    Sections merge: a value that the profile does not name stays. All else is replaced as a whole,
    lists as well as the mappings variants.worlds and train.runs, whose keys are names.
    """
    from mwm.io.files import write_text
    from mwm.settings.overlay import lay_over

    if not (profiles or values):
        raise UsageError("mwm profile: expected a profile, or --set with a value, found neither")
    write_text(out or params, lay_over(params, profiles or [], values))
    laid = ", ".join([*map(str, profiles or []), *values])
    if out is None:
        typer.echo(f"{params}: now with {laid}; `git checkout {params}` undoes it")
    else:
        typer.echo(f"{out}: {params} with {laid}")
