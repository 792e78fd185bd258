"""Every metric and baseline for every ordered pair of worlds, and the criterion of success."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mwm import seeding
from mwm.evaluation.selection import check_alike, windows
from mwm.io.frames import SIDE, Frames
from mwm.metrics.criterion import shortfalls
from mwm.metrics.errors import rounded, squared_error
from mwm.metrics.objects import OriginalView, f1, position
from mwm.metrics.pairs import Target
from mwm.metrics.readings import reading
from mwm.models.encoding import Sequences, decode, encode_sequences, sequences
from mwm.models.model import MetaWorldModel
from mwm.settings.evaluate import Evaluate

Row = dict[str, Any]
CPU = torch.device("cpu")
BLOCK = 255  # frames whose pixels are summed in bytes, ten times as fast


def evaluate_pairs(
    name: str, model: MetaWorldModel, worlds: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """One row per ordered pair of worlds, a world with itself included.

    Errors are squared errors per frame; docs/metrics.md defines every column.

    Args:
        name: of the model.
        model: holds every world of `worlds`.
        worlds: the worlds' frames, of which `settings.frames` test frames at most are used.
        settings: params `evaluate`.

    Raises:
        MwmError: the worlds show different plays, or no test episode is long enough.
    """
    check_alike(worlds)
    model.eval()
    length = settings.length
    starts = windows(next(iter(worlds.values())), length, max(1, settings.frames // length))
    tests = {world: sequences(frames, starts, length) for world, frames in worlds.items()}
    views = {world: OriginalView(frames, CPU) for world, frames in worlds.items()}
    latents = {w: encode_sequences(model, w, s.frames[:, :-1], s.actions) for w, s in tests.items()}
    order = seeding.generator(settings.seed, "chance").permutation(len(starts) * length)
    unrelated = torch.from_numpy(order)
    rows: dict[tuple[str, str], Row] = {}
    for j, frames in worlds.items():
        target = Target(model, j, tests[j], views[j], latents[j], unrelated)
        own = target.errors | _baselines(target, tests[j], frames)
        own_f1 = {f"own_f1_{o}": value for o, value in target.f1(target.reconstructed).items()}
        for i in worlds:
            errors, found = target.compare(latents[i])
            numbers, readings = _objects(target, found, length)
            row = rounded(own | errors | own_f1 | numbers) | readings
            rows[i, j] = {"model": name, "source": i, "target": j, "frames": len(order), **row}
    for (i, j), row in rows.items():
        row["upper_bound"] = rows[i, i]["reconstruction"]
        untranslated = decode(model, i, latents[i].code.flatten(0, 1))
        row.update(rounded({"untranslated": squared_error(untranslated, tests[j].now)}))
        objects = list(views[j].objects)
        row["success"] = None if i == j else not shortfalls([row, rows[j, i]], objects)
    return list(rows.values())


def _baselines(target: Target, test: Sequences, frames: Frames) -> dict[str, float]:
    """Errors of a blank frame and of the mean training frame."""
    now = test.now
    mean = mean_frame(frames).expand(len(now), SIDE * SIDE)
    return {"blank": target.truth.sum().item() / len(now), "mean_frame": squared_error(mean, now)}


def mean_frame(frames: Frames) -> Tensor:
    """(4096,) float32: mean of the training frames; NaN where there are none."""
    total = np.zeros(SIDE * SIDE, np.int64)
    count = 0
    for e in frames.episodes("train"):
        packed = frames.frames[frames.episode_offsets[e] : frames.episode_offsets[e + 1]]
        for start in range(0, len(packed), BLOCK):
            pixels = np.unpackbits(packed[start : start + BLOCK], axis=1)
            total += pixels.sum(0, dtype=np.uint8)
        count += len(packed)
    return (torch.from_numpy(total).double() / count).float()


def _objects(
    target: Target, found: Tensor, length: int
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Metrics of every object in what was decoded, and how it is read."""
    numbers: dict[str, float | None] = {}
    readings = {}
    for name, box, truth in target.objects(found):
        numbers[f"f1_{name}"] = f1(box, truth)
        numbers[f"distance_{name}"], numbers[f"found_{name}"] = position(box, truth)
        readings[f"reading_{name}"] = reading(box, truth, length)
    return numbers, readings
