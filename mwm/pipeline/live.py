"""`mwm live`: a page of what runs now, written anew every few seconds; it reloads itself."""

import csv
import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mwm.io.files import write_text
from mwm.pipeline import activity, browser, claim
from mwm.pipeline.output import duration
from mwm.pipeline.project import required

TABLES, CHECKPOINTS = "runs/**/training.csv", ".mwm/checkpoints/*/*/*.safetensors"
FILMS = ("report/play.gif", "report/dream.gif", "report/playing.gif")
COUNTS = {"iteration", "steps", "games"}  # columns that count, and are no curves
WIDTH, HEIGHT = 300, 90  # of a curve, in pixels
MOST = 400  # points of a curve
STEEP = 20  # a curve whose largest value is so many times its smallest is drawn by logarithms
HEADER = 100_000_000  # bytes; a checkpoint that claims a longer one is damaged


@dataclass(frozen=True)
class Curve:
    """One column of a training's table, as an SVG line."""

    name: str
    points: str
    first: float
    last: float
    steep: bool


@dataclass(frozen=True)
class Training:
    """The curves of one stage, and when they were written (Unix seconds)."""

    name: str
    runs: bool
    when: float
    curves: Sequence[Curve]


def live(
    out: Annotated[Path, typer.Option(help="file for the page")] = Path("build/live.html"),
    every: Annotated[float, typer.Option(min=1, help="seconds until it is written anew")] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="write it once, and end")] = False,
    show: Annotated[bool, typer.Option("--open/--no-open", help="open it in a browser")] = True,
) -> None:
    """Write a page with the time left, curves and films of what runs, until Ctrl-C.

    It reloads itself. Nothing is served: the page is a file, which needs no network.
    """
    project = required()
    write_text(out, page(project, out, None if once else every))
    print(f"live: {out.resolve()}{'' if once else ', until Ctrl-C'}", flush=True)
    if show:
        browser.open_page(out)
    while not once:
        time.sleep(every)
        write_text(out, page(project, out, every))


def page(project: Path, out: Path, every: float | None) -> str:
    """The page as it is now.

    Args:
        project: its root.
        out: where the page will be, for links to films.
        every: seconds until it reloads itself; None: it does not.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    run, outlook = claim.holder(), activity.outlook()
    stages = [
        note | {"left": None if (left := activity.eta(note)) is None else duration(left)}
        for note in activity.progress().values()
    ]
    films = [project / film for film in FILMS if (project / film).is_file()]
    return templates.get_template("live.html").render(
        now=time.strftime("%H:%M:%S"),
        every=every,
        run=run,
        ago=duration(max(0.0, time.time() - run["started"])) if run else "",
        outlook=outlook,
        left=duration(outlook["eta"]) if outlook else "",
        stages=stages,
        trainings=trainings(project, run["started"] if run else 0.0, stages),
        films=[(film.stem, os.path.relpath(film, out.parent)) for film in films],
        size=(WIDTH, HEIGHT),
    )


def trainings(project: Path, since: float, stages: Sequence[Mapping[str, Any]]) -> list[Training]:
    """Curves of what is trained now, by its checkpoints, and of what ended since the run began.

    Args:
        project: its root.
        since: Unix seconds; tables that are older are left out.
        stages: notes of those that run.
    """
    busy = {str(note["label"]).replace(" ", "-") for note in stages}
    found: dict[str, Training] = {}
    for path in (*project.glob(TABLES), *project.glob(CHECKPOINTS)):
        checkpoint = path.suffix == ".safetensors"
        name = path.parts[-3] if checkpoint else "-".join(path.relative_to(project).parts[1:-1])
        when, runs = modified(path), checkpoint and name in busy
        known = found.get(name)
        wanted = runs if checkpoint else when >= since and name not in busy
        if not wanted or (known and known.when >= when):
            continue
        if curves := list(drawn(history(path) if checkpoint else table(path))):
            found[name] = Training(name, runs, when, curves)
    return sorted(found.values(), key=lambda each: (not each.runs, -each.when))


def modified(path: Path) -> float:
    """When a file was written (Unix seconds); 0 if it is gone meanwhile."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def table(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV; none if it is not there, or not whole at this moment."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return []


def history(path: Path) -> list[dict[str, Any]]:
    """The rows of training that a checkpoint holds; none if it has none, or is not whole."""
    try:
        with path.open("rb") as file:  # safetensors: the header's length, and the header
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length < HEADER else {}
        notes = json.loads(header["__metadata__"]["notes"])
        return list(notes["history"]["training"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def drawn(rows: Sequence[Mapping[str, Any]]) -> Iterator[Curve]:
    """A curve for each column of numbers that does not merely count."""
    for name in rows[0] if rows else ():
        if name in COUNTS:
            continue
        try:
            values = [float(row[name]) for row in rows if row.get(name) not in (None, "")]
        except (TypeError, ValueError):
            continue
        if len(values) > 1 and all(map(math.isfinite, values)):
            yield _curve(name, values[:: -(-len(values) // MOST)])


def _curve(name: str, values: Sequence[float]) -> Curve:
    steep = min(values) > 0 and max(values) > STEEP * min(values)
    heights = [math.log(value) for value in values] if steep else values
    low, high = min(heights), max(heights)
    points = [
        f"{WIDTH * at / max(1, len(heights) - 1):.1f},"
        f"{HEIGHT * (1 - (height - low) / ((high - low) or 1)):.1f}"
        for at, height in enumerate(heights)
    ]
    return Curve(name, " ".join(points), values[0], values[-1], steep)
