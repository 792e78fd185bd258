"""Compare finished runs: `mwm compare A B ...` -> a page and a Markdown file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mwm.pipeline.output import AsJson, named_folder, print_json

REMEDY = "fetch it with `dvc pull`, or `dvc fetch --all-commits`"


def compare(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Git revisions, experiments, folders with params.yaml, or `workspace`; others are "
            "compared with the first, one alone with the workspace [default: HEAD]"
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="folder for index.html and compare.md", callback=named_folder)
    ] = Path("build/compare"),
    seeds: Annotated[
        bool,
        typer.Option(
            "--seeds", help="take runs that differ in seeds alone as one: medians and ranges"
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the params, metrics and curves of runs.

    JSON: {"sides": [{"name", "runs": [{"name", "params": {key: value}, "metrics": {name: value},
    "missing": [files]}], "gains": {metric: by how much its median is above the first side's}}],
    "differ": [keys of params], "page", "markdown": paths}.
    """
    from mwm.io.files import write_text
    from mwm.pipeline.revisions import WORKSPACE, opened
    from mwm.reporting.comparison.outcome import FILES, read_outcome
    from mwm.reporting.comparison.page import markdown, page
    from mwm.reporting.comparison.tables import records, sides

    names = runs or ["HEAD"]
    if len(names) == 1:
        names = [*names, WORKSPACE]
    outcomes = []
    for name in names:
        with opened(name, FILES) as (short, folder):
            outcomes.append(read_outcome(short, folder))
    called = [outcome.name for outcome in outcomes]
    outcomes = [  # folders with the same last part go by their whole paths
        replace(outcome, name=name) if called.count(outcome.name) > 1 else outcome
        for outcome, name in zip(outcomes, names, strict=True)
    ]
    compared = sides(outcomes, seeds)
    told, drawn = markdown(compared, REMEDY), page(compared, REMEDY)
    write_text(out / "compare.md", told)
    write_text(out / "index.html", drawn)
    if as_json:
        paths = {"page": str(out / "index.html"), "markdown": str(out / "compare.md")}
        print_json(records(compared) | paths)
        return
    typer.echo(f"{told}\ncompare: {out / 'index.html'} has curves and pictures")
