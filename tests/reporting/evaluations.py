"""Evaluations of real frames and made-up numbers, and their reports."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from mwm.evaluation.dreams import COLUMNS as DREAMT
from mwm.evaluation.field import COLUMNS as FIELD
from mwm.evaluation.mirror_test import COLUMNS as MARKED
from mwm.io import records
from mwm.io.film import Film, write_films
from mwm.io.frames import Frames
from mwm.io.origin import ORIGIN, Origin
from mwm.io.tables import write_csv
from mwm.reporting.run.report import report
from mwm.settings.report import Report

PONG = ("opponent", "agent", "ball")
BOXES = {"opponent": [0, 0, 64, 8], "ball": [0, 8, 64, 54], "agent": [0, 54, 64, 64]}
FILM = 40
FOREIGN = 0.9  # of an alignment on random plays, that on foreign ones


def _origin(runs: list[str], objects: tuple[str, ...]) -> Origin:
    return Origin(
        game="ALE/Pong-v5",
        play={"policy": "random", "hold": 1, "repeat_probability": 0.0, "seed": 7},
        episodes={"train": 4, "validation": 1, "test": 1},
        objects={name: BOXES.get(name, [0, 0, 64, 64]) for name in objects},
        training={"schedule": "anchored", "inputs": "corresponding", "seed": 8},
        models=dict.fromkeys(runs, "0" * 64),
    )


def _pair(model: str, source: str, target: str, alignment: float) -> dict[str, Any]:
    """A row of pairs.csv in which chance is 30 and the world's own error 2."""
    return {
        "model": model,
        "source": source,
        "target": target,
        "frames": 100,
        "reconstruction": 2.0,
        "transfer": 30 - 28 * alignment,
        "chance": 30.0,
        "alignment": alignment,
        "prediction": 4.0,
        "predicted_transfer": 30 - 26 * (alignment - 0.01),
        "predicted_chance": 30.0,
        "predicted_alignment": alignment - 0.01,
        "blank": 26.5,
        "mean_frame": 25.9,
        "untranslated": 41.25,
        "upper_bound": 2.0,
    }


def _object(name: str, alignment: float) -> dict[str, Any]:
    found = alignment > 0.5
    return {
        f"f1_{name}": 0.98 * alignment,
        f"own_f1_{name}": 0.98,
        f"distance_{name}": 0.25 if found else "",
        f"found_{name}": float(found),
        f"reading_{name}": "right" if found else "upside down",
    }


def _curves(run: str, variant: str) -> Iterator[dict[str, Any]]:
    for iteration in (5, 10, 15):
        for source, target in (("original", variant), (variant, "original")):
            error = 2 + 30 / iteration
            yield {
                "run": run,
                "iteration": iteration,
                "source": source,
                "target": target,
                "reconstruction": error,
                "prediction": error + 2,
                "transfer": error + 5,
                "predicted_transfer": error + 7,
            }


def _dreams(
    model: str, source: str, target: str, objects: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    for name in objects:
        for kind, step in product(("all", "same", "anew"), (1, 2, 5)):
            if (name, kind) != ("agent", "anew"):
                yield {
                    "model": model,
                    "source": source,
                    "target": target,
                    "object": name,
                    "kind": kind,
                    "step": step,
                    "frames": 30,
                    "distance": step + (source != target),
                    "found": 0.9 - step / 10 - 0.09 * (source != target),
                    "copy_distance": 5 * step,
                    "copy_found": 0.5,
                    "own_distance": 0.0,
                    "own_found": 0.9,
                }


def _elements(model: str, worlds: list[str]) -> Iterator[dict[str, Any]]:
    for world in worlds:
        for k in range(4):
            numbers = {"log_sigma": -k, "spread": k, "distance": 0.1, "weight": k, "gradient": k}
            yield {"model": model, "world": world, "dimension": k, **numbers}


def _mark(model: str, world: str, name: str) -> dict[str, Any]:
    marked = 0.93 if (name == "agent") == (model != "alone") else 0.02
    return {
        "model": model,
        "world": world,
        "object": name,
        "frames": 100,
        "moving": 90,
        "moved": 20 * marked,
        "marked": marked,
    }


def _field(model: str, worlds: list[str], plays: str, name: str) -> Iterator[dict[str, Any]]:
    for world in worlds:
        at = {"model": model, "plays": plays, "world": world, "object": name}
        for row in range(8):
            yield at | {"row": row, "column": 3, "frames": 10 * row, "f1": 1 - row / 10}


def evaluate(
    folder: Path,
    contents: dict[str, Frames],
    models: dict[str, list[str]],
    alignments: dict[tuple[str, str], float] | None = None,
    objects: tuple[str, ...] = PONG,
    names: dict[str, str] | None = None,
    plays: tuple[str, ...] = ("random", "foreign"),
) -> Path:
    """Write to `folder` as evaluation does, of real frames and made-up numbers; returns it.

    `models` gives each model's worlds, the original first; `alignments` the alignment of ordered
    pairs, 0.98 where it does not name one; `names` tells which of `contents` a world shows.
    """
    folder.mkdir(exist_ok=True)
    pairs, foreign, field, curves = [], [], [], []
    for model, worlds in models.items():
        aligned = {
            (i, j): 1.0 if i == j else (alignments or {}).get((i, j), 0.98)
            for i in worlds
            for j in worlds
        }
        for (i, j), value in aligned.items():
            judged = "" if i == j else str(min(value, aligned[j, i]) >= 0.95).lower()
            for rows, met in ((pairs, value), (foreign, FOREIGN * value)):
                row = _pair(model, i, j, met) | {"success": judged}
                rows.append(row | {k: v for o in objects for k, v in _object(o, met).items()})
        for kind in plays if objects else ():
            field += _field(model, worlds, kind, objects[-1])
        for world in worlds[1:]:
            curves += _curves(world, world)
    write_csv(folder / "pairs.csv", pairs)
    away = foreign if "foreign" in plays else []
    write_csv(folder / "foreign.csv", away, ("model", "source", "target"))
    write_csv(folder / "field.csv", field, FIELD)
    if curves:
        write_csv(folder / "curves.csv", curves)
    write_csv(
        folder / "elements.csv", [row for m, ws in models.items() for row in _elements(m, ws)]
    )
    (folder / "dreams.csv").write_text(f"{','.join(DREAMT)}\n")
    (folder / "mirror_test.csv").write_text(f"{','.join(MARKED)}\n")
    if objects:
        ways = [(m, i, j) for m, worlds in models.items() for i in worlds for j in worlds]
        write_csv(folder / "dreams.csv", [row for way in ways for row in _dreams(*way, objects)])
        shown = [(m, w) for m, worlds in models.items() for w in worlds]
        shown += [("alone", w) for w in dict.fromkeys(w for _, w in shown)]
        marks = [(m, w, o) for m, w in shown for o in objects]
        write_csv(folder / "mirror_test.csv", [_mark(*mark) for mark in marks])
    films = {}
    for model, worlds in models.items():
        truth = np.stack([contents[(names or {}).get(w, w)].frames[20 : 20 + FILM] for w in worlds])
        on = np.unpackbits(truth, axis=2)
        drawn = on * 200 + np.roll(on, 1, axis=2) * 40
        hits = np.zeros(FILM, np.uint8)
        films[model] = Film(worlds, truth, drawn, hits, truth[:, 9:], drawn[:, 9:])
    write_films(folder / "film.h5", films)
    origin = _origin([world for worlds in models.values() for world in worlds[1:]], objects)
    tables = [path.name for path in folder.glob("*.csv")]
    records.write_manifest(folder, tables, {ORIGIN: origin.model_dump()})
    return folder


def write_report(evaluation: Path, folder: Path, settings: Report) -> Path:
    """Write a report and its metrics to `folder`; returns it."""
    report(evaluation, folder, folder / "metrics.json", settings)
    return folder
