"""Compare finished runs: `mwm compare A B ...` -> a page and a Markdown file."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="revisions, experiments, folders with params.yaml, or `workspace`; one alone is "
            "compared with the workspace [default: HEAD]"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="folder for index.html and compare.md")] = Path(
        "build/compare"
    ),
    seeds: Annotated[
        bool, typer.Option("--seeds", help="take runs that differ in seeds alone as one")
    ] = False,
) -> None:
    """Tell which params and metrics differ between runs; overlay their curves."""
    from mwm.io.files import write_text
    from mwm.reporting.comparison import sides
    from mwm.reporting.comparison_page import markdown, page
    from mwm.reporting.outcome import WORKSPACE, read_outcome

    names = runs or ["HEAD"]
    if len(names) == 1:
        names = [*names, WORKSPACE]
    compared = sides([read_outcome(name) for name in names], seeds)
    told = markdown(compared)
    write_text(out / "compare.md", told)
    write_text(out / "index.html", page(compared))
    typer.echo(f"{told}\ncompare: {out / 'index.html'} has curves and pictures")
