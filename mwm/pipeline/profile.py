"""Apply a profile, a partial params file such as profiles/smoke.yaml, on top of params.yaml."""

from pathlib import Path
from typing import Annotated, Any

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
    """Change params.yaml by profiles, or single values.

    `git checkout params.yaml` undoes it. Sections merge: a value that the profile does not name
    stays. All else is replaced as a whole, lists as well as the mappings variants.worlds and
    train.runs, whose keys are names.
    """
    from mwm.io.files import write_text
    from mwm.settings.overlay import lay_over

    if not (profiles or values):
        raise UsageError("mwm profile: expected a profile, or --set with a value, found neither")
    for value in values:
        _refuse_part(value.partition("=")[0])
    write_text((out or params).resolve(), lay_over(params, profiles or [], values))  # a link stays
    laid = ", ".join([*map(str, profiles or []), *values])
    if out is None:
        typer.echo(f"{params}: now with {laid}; `git checkout {params}` undoes it")
    else:
        typer.echo(f"{out}: {params} with {laid}")


def _refuse_part(name: str) -> None:
    """Refuse a key of a mapping that is replaced as a whole: the others would go unsaid.

    Raises:
        UsageError: `name`, such as variants.worlds.mirror, is one.
    """
    from mwm.settings.params import Params

    section: Any = Params
    parts = name.split(".")
    for place, part in enumerate(parts[:-1], start=1):
        field = section.model_fields.get(part)
        if field is None:
            return  # no key of params.yaml, which laying it over tells
        section = field.annotation
        if not hasattr(section, "model_fields"):
            whole = ".".join(parts[:place])
            raise UsageError(
                f"--set {name}: expected {whole}, which is replaced as a whole, found a part of "
                f"it; give all of it: --set '{whole}=…'"
            )
