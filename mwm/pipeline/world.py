"""Add and remove worlds: edits params.yaml, and in dvc.yaml what the evaluation reads."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from mwm import MwmError, UsageError
from mwm.pipeline import blocks
from mwm.pipeline.output import AsJson, print_json
from mwm.runtime import commands

PARAMS, PIPELINE = Path("params.yaml"), Path("dvc.yaml")
WORLDS, RUNS = ("variants", "worlds"), ("train", "runs")
EVALUATE = ("stages", "evaluate", "deps")
LINE = "data/worlds/{0}.h5, runs/see/{0}, runs/{0},"  # what evaluate reads of a world
LISTED = re.compile(r"\s*data/worlds/(\w+)\.h5, runs/see/\1,( runs/\1,)?\s*")

app = commands.application(__doc__)
Name = Annotated[str, typer.Argument(help="name of the world", show_default=False)]
Steps = Annotated[
    list[str],
    typer.Argument(
        metavar="STEP...",
        help="bijections that make it from the original, first to last: mirror, or with arguments "
        "'permutation: {seed: 7}'",
        show_default=False,
    ),
]


@commands.command(app)
def add(name: Name, steps: Steps) -> None:
    """Add a world and the run that trains it; comments stay.

    `mwm repro` then makes the world, trains it, and evaluates all again; other models stay.
    """
    from mwm.settings.params import check_name

    data, places = _read()
    check_name(name, "mwm world add")
    if name in _worlds(data):
        raise UsageError(f"{PARAMS}: expected a new name, found {name!r} in variants.worlds")
    parts = [_step(step) for step in steps]
    shown = ", ".join(part if isinstance(part, str) else _flow(part) for part in parts)
    text = PARAMS.read_text(encoding="utf-8")
    text = blocks.add_line(text, WORLDS, f"{name}: [{shown}]")
    text = blocks.add_line(text, RUNS, f"{name}: {{worlds: [original, {name}]}}")
    data["variants"]["worlds"][name] = parts
    data["train"]["runs"][name] = {"worlds": ["original", name]}
    for key in (*WORLDS, name), (*RUNS, name):
        places[key] = f"mwm world add {name}"
    _write(text, data, places, _pipeline(name, listed=True))
    typer.echo(f"{PARAMS}, {PIPELINE}: {name} is added; `mwm repro` makes, trains and evaluates it")


@commands.command(app)
def remove(name: Name) -> None:
    """Remove a world and its run; what they have made stays until `mwm prune --yes`."""
    from mwm.settings.base import ORIGINAL
    from mwm.settings.params import pick

    data, places = _read()
    pick(_worlds(data), name, "variants.worlds")
    if name == ORIGINAL:
        raise UsageError(f"mwm world remove: expected a variant, found {ORIGINAL!r}, which stays")
    text = blocks.remove_entry(PARAMS.read_text(encoding="utf-8"), WORLDS, name)
    del data["variants"]["worlds"][name]
    runs = data["train"]["runs"]
    for run in [run for run, each in runs.items() if name in each["worlds"]]:
        text = blocks.remove_entry(text, RUNS, run)
        del runs[run]
    _write(text, data, places, _pipeline(name, listed=False))
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
    if not (isinstance(found, str) or (isinstance(found, dict) and len(found) == 1)):
        raise UsageError(
            "mwm world add: expected a bijection such as mirror, or 'permutation: {seed: 7}', "
            f"found {word!r}"
        )
    return found


def _flow(value: Any) -> str:
    """A bijection with arguments in YAML's flow style."""
    return re.sub(r'"(\w+)"', r"\1", json.dumps(value))


def _pipeline(name: str, listed: bool) -> str:
    """The text of dvc.yaml in which the evaluation reads the world `name`, or does not.

    Raises:
        UsageError: its list of worlds is not in the form that it is written in here.
    """
    text = PIPELINE.read_text(encoding="utf-8")
    before = _deps(text)
    lines = text.splitlines(keepends=True)
    inside = blocks.span(text, EVALUATE)
    found = {match[1]: n for n in inside if (match := LISTED.fullmatch(lines[n]))}
    if listed and found and name not in found:
        last = max(found.values())
        indent = lines[last][: len(lines[last]) - len(lines[last].lstrip())]
        lines.insert(last + 1, f"{indent}{LINE.format(name)}\n")
    elif not listed and name in found:
        del lines[found[name]]
    changed = "".join(lines)
    own = set(LINE.format(name).rstrip(",").split(", "))
    if not found or _deps(changed) != (before | own if listed else before - own):
        raise UsageError(
            f"{PIPELINE}: expected lines such as `{LINE.format('mirror')}` in the deps of "
            "evaluate, one a world, found others; restore them, or edit both files by hand"
        )
    return changed


def _deps(text: str) -> set[str]:
    return set(blocks.parsed(text, PIPELINE)["stages"]["evaluate"]["deps"])


def _write(params: str, data: Any, places: Any, pipeline: str) -> None:
    """Write both files, or neither.

    Raises:
        UsageError: the values do not go together.
        MwmError: a file cannot be written.
    """
    from mwm.io.files import write_text
    from mwm.settings.params import check

    check(data, places)
    if blocks.parsed(params, PARAMS) != data:
        raise UsageError(f"{PARAMS}: cannot be edited line by line; edit variants.worlds by hand")
    before = PARAMS.read_text(encoding="utf-8")
    write_text(PARAMS, params)
    try:
        write_text(PIPELINE, pipeline)
    except MwmError:
        write_text(PARAMS, before)
        raise
