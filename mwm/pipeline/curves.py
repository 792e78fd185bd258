"""Curves of what a run has trained so far, from tables and checkpoints that may be under way."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm.pipeline.activity import STUDIES

TABLES, CHECKPOINTS = "runs/**/training.csv", "checkpoints/*/*/*.safetensors"
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


def trainings(project: Path, since: float, stages: Sequence[Mapping[str, Any]]) -> list[Training]:
    """Curves of what is trained now, by its checkpoints, and of what ended since the run began.

    Args:
        project: its root.
        since: Unix seconds; tables that are older are left out.
        stages: notes of those that run.
    """
    busy = {str(note["label"]).replace(" ", "-") for note in stages}
    found: dict[str, Training] = {}
    patterns = (TABLES, f".mwm/{CHECKPOINTS}", f"{STUDIES}/{CHECKPOINTS}")
    for path in (path for pattern in patterns for path in project.glob(pattern)):
        checkpoint, parts = path.suffix == ".safetensors", path.relative_to(project).parts
        label = parts[-3] if checkpoint else "-".join(parts[1:-1])
        name = "-".join((*parts[1 : parts.index(".mwm")], label)) if checkpoint else label
        when = modified(path)
        mine = name == label or when >= since  # another study's training may be called alike
        runs = checkpoint and label in busy and mine
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
