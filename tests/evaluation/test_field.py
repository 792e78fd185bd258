"""The map of where an object is drawn, compared with a count frame by frame."""

import numpy as np
import pytest
import torch
from oracle import Oracle

from mwm.evaluation.field import CELL, cells, field
from mwm.evaluation.selection import windows


def slowly(found, truth, top, left):
    """By cell, how many frames, and F1: pixel by pixel."""
    counts = {}
    for drawn, there in zip(found.numpy(), truth.numpy(), strict=True):
        if not there.any():
            continue
        rows, columns = np.nonzero(there)
        middle = (rows.mean() + top + 0.5, columns.mean() + left + 0.5)
        cell = tuple(int(at // CELL) for at in middle)
        frames, both, either = counts.get(cell, (0, 0, 0))
        counts[cell] = (
            frames + 1,
            both + sum(d and t for d, t in zip(drawn.ravel(), there.ravel(), strict=True)),
            either + drawn.sum() + there.sum(),
        )
    return {cell: (n, 2 * both / either) for cell, (n, both, either) in counts.items()}


def test_cells_are_those_of_a_count_frame_by_frame():
    rng = np.random.default_rng(0)
    truth = np.zeros((300, 40, 30), bool)
    for frame in truth[:280]:  # the others do not show it
        row, column = rng.integers(0, 39), rng.integers(0, 29)
        frame[row : row + 2, column : column + 2] = True
    found = truth & (rng.random(truth.shape) > 0.3) | (rng.random(truth.shape) > 0.999)
    found, truth = torch.from_numpy(found), torch.from_numpy(truth)
    box = [5, 11, 45, 41]
    expected = slowly(found, truth, *box[:2])
    rows = cells(found, truth, box)
    assert len(expected) > 20
    assert {(r["row"], r["column"]): r["frames"] for r in rows} == {
        cell: n for cell, (n, _) in expected.items()
    }
    for row in rows:
        assert row["f1"] == pytest.approx(expected[row["row"], row["column"]][1], abs=1e-6)


def test_a_perfect_model_loses_the_ball_nowhere_and_a_blind_one_everywhere(contents, defaults):
    worlds = {world: contents[world] for world in ("original", "mirror", "invert")}
    settings = defaults.evaluate.model_copy(update={"frames": 100, "length": 10})
    model = Oracle(contents, worlds, blind=["mirror"])
    rows = field("test", model, "random", worlds, settings)
    by_world = {w: [row for row in rows if row["world"] == w] for w in worlds}
    assert {row["object"] for row in rows} == {"ball"}, "its box is the largest"
    content = contents["original"]
    index = windows(content, 10, 10)[:, None] + np.arange(10)
    pixels = np.unpackbits(content.frames[index.ravel()], axis=1).reshape(-1, 64, 64)
    shown = pixels[:, :, 8:54].any((1, 2)).sum()
    for world, expected in (("original", 1), ("mirror", 0), ("invert", 1)):
        assert {row["f1"] for row in by_world[world]} == {expected}
        assert sum(row["frames"] for row in by_world[world]) == shown
    places = [[(row["row"], row["column"]) for row in found] for found in by_world.values()]
    assert places[0] == places[1] == places[2], "cells are the original's in every world"
