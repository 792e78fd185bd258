"""One study, a method with a seed: a row per variant, and a row for a model of all worlds."""

import itertools
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm import ArtefactError
from mwm.io import records
from mwm.metrics.criterion import aligned
from mwm.reporting.shared.results import Pairs, Row, lowest, read_curves, read_pairs, worse
from mwm.reporting.shared.words import policy
from mwm.reporting.studies.names import seeded
from mwm.settings import params
from mwm.settings.base import ORIGINAL

ANCHORING = (f"train-see-{ORIGINAL}", "train-smooth", "train-anchor")
INFORMATION = "actions"  # what a model gets besides frames; no step index, no reward


@dataclass(frozen=True)
class Study:
    """One method with one seed, and its results."""

    method: str
    seed: int
    inputs: str
    game: str
    episodes: int
    policy: str
    pairs: Pairs
    curves: Sequence[Row]
    folder: Path

    def minutes(self, *acts: str) -> float:
        """Wall-clock minutes that acts took together: ("train-see-mirror", "train-anchor")."""
        return round(sum(map(self._seconds, acts)) / 60, 2)

    def recruiting(self, world: str) -> list[str]:
        """The acts that a variant needs beyond an anchor."""
        deciphered = [f"decipher-{world}"] if self.inputs == "independent" else []
        return [f"train-see-{world}", *deciphered, f"train-recruit-{world}"]

    def _seconds(self, act: str) -> float:
        path = self.folder / "seconds" / f"{act}.json"
        content = records.read(path)
        seconds = content.get("seconds")
        if not isinstance(seconds, int | float):
            raise ArtefactError(f"{path}: expected seconds, found {reprlib.repr(content)}")
        return seconds


def read_study(folder: Path) -> Study:
    """Read a study's folder, <method>-<seed>.

    Raises:
        UsageError: the folder's name is another.
        MwmError: a file is missing or damaged.
    """
    method, _ = seeded(folder, "method")
    p = params.load(folder / "params.yaml")
    return Study(
        method=method,
        seed=p.train.run.seed,
        inputs=p.train.run.inputs,
        game=p.collect.game,
        episodes=p.collect.episodes,
        policy=policy(p.collect.hold, p.collect.repeat_probability),
        pairs=read_pairs(folder / "eval/pairs.csv"),
        curves=read_curves(folder / "eval/curves.csv"),
        folder=folder,
    )


def variant_rows(study: Study) -> list[dict[str, Any]]:
    """One row per variant: how the original's latents decode in it, and its own in the original.

    F1 and reading are those of the direction in which F1 is lower, distances (pixels) those of the
    direction in which they are greater. `minutes` are the time to see, decipher and recruit the
    variant; `minutes_from_nothing` add the time to see the original and to train the anchor.
    """
    rows = []
    before = study.minutes(*ANCHORING)
    for there, back in study.pairs.runs:
        world = there.target
        row: dict[str, Any] = {
            "world": world,
            "inputs": study.inputs,
            "seed": study.seed,
            "method": study.method,
            "episodes": study.episodes,
            "policy": study.policy,
            "information": INFORMATION,
        }
        for column in ("alignment", "predicted_alignment"):
            row |= {f"{column}_forward": there[column], f"{column}_backward": back[column]}
        for name in study.pairs.objects:
            lower = worse((there, back), name)
            away = [d for way in (there, back) if (d := way[f"distance_{name}"]) is not None]
            row[f"{name}_f1"] = lower[f"f1_{name}"]
            row[f"own_{name}_f1"] = lower[f"own_f1_{name}"]
            row[f"{name}_distance"] = max(away, default=None)
            row[f"{name}_reading"] = lower.readings[name]
        row["success"] = there["success"] == 1
        row["minutes"] = study.minutes(*study.recruiting(world))
        row["minutes_from_nothing"] = round(row["minutes"] + before, 2)
        rows.append(row)
    return rows


def model_row(study: Study) -> dict[str, Any] | None:
    """A model of all worlds: its ordered pairs, and the least of each measure over them.

    None where each variant has a model of its own.
    """
    pairs = study.pairs
    if len(pairs.models) == len(pairs.runs):
        return None
    crossed, worlds = pairs.crossed, pairs.worlds
    recruited = (study.recruiting(world) for world in worlds if world != ORIGINAL)
    return {
        "inputs": study.inputs,
        "seed": study.seed,
        "method": study.method,
        "worlds": len(worlds),
        "pairs": len(crossed),
        "pairs_aligned": sum(map(aligned, crossed)),
        "successes": sum(row["success"] == 1 for row in crossed),
        "alignment_min": lowest(crossed, "alignment"),
        "predicted_alignment_min": lowest(crossed, "predicted_alignment"),
        **{f"{name}_f1_min": lowest(crossed, f"f1_{name}") for name in pairs.objects},
        **{f"own_{name}_f1_min": lowest(crossed, f"own_f1_{name}") for name in pairs.objects},
        "minutes": study.minutes(*ANCHORING, *itertools.chain(*recruited)),
    }
