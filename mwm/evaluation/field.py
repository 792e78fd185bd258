"""The field: in which parts of the frame a world's own V draws the object that roams it."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from mwm.evaluation.pairs import CPU, Row
from mwm.evaluation.selection import roaming, windows
from mwm.io.frames import Frames
from mwm.metrics.errors import rounded
from mwm.metrics.objects import OriginalView, centroids, f1
from mwm.models.encoding import decode, encode
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import unpack_bits
from mwm.settings.evaluate import CELL, Evaluate

COLUMNS = ["model", "plays", "world", "object", "row", "column", "frames", "f1"]


def field(
    name: str, model: MetaWorldModel, plays: str, worlds: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """Own F1 of the object with the largest box, by where it is: a row per world and cell.

    Of the test frames that `evaluate_pairs` encodes, each counts in the cell of CELL x CELL pixels
    of the original in which the centroid of the true object lies. Columns: `row` and `column` of
    the cell, from 0; `frames` in it, one at least; `f1`. No rows if no object is listed.

    Raises:
        MwmError: no test episode is long enough.
    """
    rows: list[Row] = []
    for world, frames in worlds.items():
        view, length = OriginalView(frames, CPU), settings.length
        if (largest := roaming(view.objects)) is None:
            continue
        starts = windows(frames, length, max(1, settings.frames // length))
        packed = torch.from_numpy(frames.frames[(starts[:, None] + np.arange(length)).ravel()])
        code, _ = encode(model.eval().vision(world), packed)
        found = view.crop(view.binary(decode(model, world, code)), largest)
        truth = view.crop(view.binary(unpack_bits(packed)), largest)
        at = {"model": name, "plays": plays, "world": world, "object": largest}
        rows += [at | cell for cell in cells(found, truth, view.objects[largest])]
    return rows


def cells(found: Tensor, truth: Tensor, box: list[int]) -> list[Row]:
    """Row, column, frames and F1 of every cell in which the object is: (n, h, w) bool of its box.

    Args:
        found: what was drawn.
        truth: what is there.
        box: [top, left, bottom, right] in pixels of the frame.
    """
    visible = truth.flatten(1).any(1)
    found, truth = found[visible], truth[visible]
    # A pixel's middle is half a pixel after its index.
    places = ((centroids(truth) + torch.tensor(box[:2]) + 0.5) // CELL).long()
    rows = []
    for row, column in sorted(set(map(tuple, places.tolist()))):
        here = (places == torch.tensor([row, column])).all(1)
        measured = rounded({"f1": f1(found[here], truth[here])})
        rows.append({"row": row, "column": column, "frames": int(here.sum()), **measured})
    return rows
