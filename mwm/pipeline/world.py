"""Add a world, or remove one.

Edits params.yaml, and in dvc.yaml what the evaluation reads.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from mwm import UsageError
from mwm.pipeline import blocks, listing
from mwm.pipeline.listing import PIPELINE
from mwm.pipeline.output import AsJson, print_json
from mwm.runtime import commands

PARAMS = Path("params.yaml")
WORLDS, RUNS = ("variants", "worlds"), ("train", "runs")

app = commands.application(__doc__)
Name = Annotated[str, typer.Argument(help="name of the world", show_default=False)]
Steps = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STEP...",
        help="bijections that make it from the original, first to last, such as mirror, or with "
        "arguments 'permutation: {seed: 7}' (docs/adding-a-world.md names all); none for a world "
        "that params.yaml has and dvc.yaml lacks",
        show_default=False,
    ),
]


@commands.command(app)
def add(name: Name, steps: Steps = None) -> None:
    """Add a world and the run that trains it; comments stay.

    `mwm repro report` then makes the world, trains it, and evaluates all again; other models stay.
    """
    from mwm.settings.base import ORIGINAL
    from mwm.settings.params import check_name
    from mwm.settings.text import text_of

    data, places = _read()
    check_name(name, "mwm world add")
    if not isinstance(blocks.parsed(name, PARAMS), str):
        raise UsageError(f"mwm world add: expected another name, as YAML has {name!r} as a value")
    worlds, runs = _worlds(data), data["train"]["runs"]
    taken = UsageError(f"{PARAMS}: expected a new name, found {name!r} in variants.worlds")
    if name == ORIGINAL or (name in worlds and steps):
        raise taken
    text, pipeline = text_of(PARAMS), listing.changed(name, listed=True)
    if name in worlds and pipeline == text_of(PIPELINE):
        raise taken
    if name not in worlds:
        worlds[name] = [_step(step) for step in steps or [""]]
        shown = ", ".join(part if isinstance(part, str) else _flow(part) for part in worlds[name])
        text = blocks.add_line(text, WORLDS, f"{name}: [{shown}]")
    if not any(name in run["worlds"] for run in runs.values()):
        runs[name] = {"worlds": ["original", name]}
        text = blocks.add_line(text, RUNS, f"{name}: {{worlds: [original, {name}]}}")
    for key in (*WORLDS, name), (*RUNS, name):
        places[key] = f"mwm world add {name}"
    _write(text, data, places, pipeline)
    typer.echo(
        f"{PARAMS}, {PIPELINE}: {name} is added; `mwm repro report` makes, trains and evaluates it"
    )


@commands.command(app)
def remove(name: Name) -> None:
    """Remove a world and its runs.

    What they made stays until `mwm prune --yes`.
    """
    from mwm.settings.base import ORIGINAL
    from mwm.settings.params import pick
    from mwm.settings.text import text_of

    data, places = _read()
    text, pipeline = text_of(PARAMS), listing.changed(name, listed=False)
    worlds, runs = _worlds(data), data["train"]["runs"]
    if name == ORIGINAL:
        raise UsageError(f"mwm world remove: expected a variant, found {ORIGINAL!r}, which stays")
    if pipeline == text_of(PIPELINE):
        pick(worlds, name, "variants.worlds")
    if name in worlds:
        text = blocks.remove_entry(text, WORLDS, name)
        del worlds[name]
    for run in [run for run, each in runs.items() if name in each["worlds"]]:
        text = blocks.remove_entry(text, RUNS, run)
        del runs[run]
    _write(text, data, places, pipeline)
    typer.echo(f"{PARAMS}, {PIPELINE}: {name} is removed; `mwm prune` lists the files that it left")


@commands.command(app, name="list")
def show(as_json: AsJson = False) -> None:
    """List the worlds. JSON: {"worlds": {name: [bijections]}}."""
    worlds = _worlds(_read()[0])
    if as_json:
        print_json({"worlds": worlds})
        return
    width = max(map(len, worlds))
    for name, steps in worlds.items():
        print(f"{name:<{width}}  {', '.join(s if isinstance(s, str) else _flow(s) for s in steps)}")


def _read() -> tuple[dict[str, Any], Any]:
    """What params.yaml holds, without a fault, and where."""
    from mwm.settings.lines import read
    from mwm.settings.params import check

    data, places = read(PARAMS)
    check(data, places)
    return data, places


def _worlds(data: dict[str, Any]) -> dict[str, list[Any]]:
    worlds: dict[str, list[Any]] = data["variants"]["worlds"]
    return worlds


def _step(word: str) -> Any:
    """One bijection: a name, or a mapping of it to its arguments."""
    found = blocks.parsed(word, f"mwm world add: {word!r}")
    named = isinstance(found, str) and ":" not in found  # else YAML misses a space after it
    if not (named or (isinstance(found, dict) and len(found) == 1)):
        raise UsageError(
            "mwm world add: expected a bijection such as mirror, or 'permutation: {seed: 7}', "
            f"found {word!r}"
        )
    return found


def _flow(value: Any) -> str:
    """A bijection with arguments in YAML's flow style."""
    return re.sub(r'"(\w+)"', r"\1", json.dumps(value))


def _write(params: str, data: Any, places: Any, pipeline: str) -> None:
    """Write both files, or neither.

    Raises:
        UsageError: the values do not go together.
        MwmError: a file cannot be written.
    """
    from mwm.io.files import write_text
    from mwm.settings.lines import parse
    from mwm.settings.params import check
    from mwm.settings.text import ended_as, text_of

    check(data, places)
    try:
        right = parse(params, PARAMS)[0] == data
    except UsageError:  # an alias of what was removed
        right = False
    if not right:
        raise UsageError(f"{PARAMS}: cannot be edited line by line; edit variants.worlds by hand")
    before, after = (ended_as(PARAMS, text) for text in (text_of(PARAMS), params))
    try:
        write_text(Path(PARAMS).resolve(), after)  # of a link what it leads to
        write_text(Path(PIPELINE).resolve(), ended_as(PIPELINE, pipeline))
    except BaseException:  # an interrupt, too
        write_text(Path(PARAMS).resolve(), before)
        raise
