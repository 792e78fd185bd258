import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mwm import store
from mwm.store import Frames

PONG = ("opponent", "agent", "ball")
FILM = 40

Evaluate = Callable[..., Path]


def _pair(model: str, source: str, target: str, alignment: float) -> dict[str, Any]:
    """A row of pairs.csv in which chance is 30 and the world's own error 2."""
    own = source == target
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
        "predicted_transfer": 30 - 26 * (alignment - 0.1),
        "predicted_chance": 30.0,
        "predicted_alignment": alignment - 0.1,
        "blank": 26.5,
        "mean_frame": 25.9,
        "untranslated": 41.25,
        "upper_bound": 2.0,
        "success": "" if own else str(alignment >= 0.95).lower(),
    }


def _object(name: str, alignment: float) -> dict[str, Any]:
    found = alignment > 0.5
    return {
        f"f1_{name}": 0.97 * alignment,
        f"own_f1_{name}": 0.97,
        f"distance_{name}": 0.25 if found else "",
        f"found_{name}": float(found),
    }


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def evaluated(tmp_path: Path, contents: dict[str, Frames]) -> Evaluate:
    """Writes eval/ as evaluation does, of real frames and made-up numbers; returns the folder.

    `models` gives each model's worlds, the original first; `alignments` the alignment of ordered
    pairs, 0.96 where it does not name one; `names` calls worlds by other names.
    """

    def write(
        models: dict[str, list[str]],
        alignments: dict[tuple[str, str], float] | None = None,
        objects: tuple[str, ...] = PONG,
        names: dict[str, str] | None = None,
    ) -> Path:
        folder = tmp_path / "eval"
        folder.mkdir(exist_ok=True)
        pairs, curves = [], []
        for model, worlds in models.items():
            for source, target in ((i, j) for i in worlds for j in worlds):
                value = 1.0 if source == target else (alignments or {}).get((source, target), 0.96)
                row = _pair(model, source, target, value)
                pairs.append(row | {k: v for o in objects for k, v in _object(o, value).items()})
            for variant, iteration in ((w, i) for w in worlds[1:] for i in (5, 10, 15)):
                for source, target in ((worlds[0], variant), (variant, worlds[0])):
                    error = 2 + 30 / iteration
                    curves.append(
                        {"run": variant, "iteration": iteration, "source": source}
                        | {"target": target, "reconstruction": error, "prediction": error + 2}
                        | {"transfer": error + 5, "predicted_transfer": error + 7}
                    )
        _write(folder / "pairs.csv", pairs)
        _write(folder / "curves.csv", curves)
        with store.creating_h5(folder / "film.h5", "film", {}) as file:
            for model, worlds in models.items():
                plays = [contents[(names or {}).get(w, w)].frames[20 : 20 + FILM] for w in worlds]
                truth = np.stack(plays)
                decoded = (
                    np.unpackbits(truth, axis=2) * 200
                    + np.roll(np.unpackbits(truth, axis=2), 1, 2) * 40
                )
                group = file.create_group(model)
                group.attrs["worlds"] = json.dumps(worlds)
                group.attrs["source"] = "original"
                group["truth"], group["decoded"] = truth, decoded
        return folder

    return write
