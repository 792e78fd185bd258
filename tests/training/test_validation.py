"""Curves of training, on a model whose answers are known."""

import numpy as np
import torch
from brief_acts import WORLDS, record, spoiled
from oracle import deaf

from mwm.training.validation import Validator

CPU = torch.device("cpu")
JUDGED = ["original", "mirror", "invert"]


def test_curves_are_of_the_source_s_latents(contents, defaults):
    """Of the target's own, all was aligned from the start, and no test noticed."""
    shown = {world: contents[world] for world in JUDGED}
    model = deaf(contents, JUDGED, "mirror")
    model.worlds = JUDGED
    rows = Validator(shown, 10, record(defaults), CPU).measure(model, 1)
    found = {(row["source"], row["target"]): row for row in rows}
    assert len(found) == 6
    assert found["mirror", "original"]["f1_agent"] == 0
    assert found["mirror", "original"]["alignment"] < 0.5
    assert found["original", "mirror"]["f1_agent"] == found["original", "invert"]["f1_agent"] == 1
    assert found["original", "invert"]["alignment"] == 1


def test_curves_are_of_validation_episodes_alone(contents, defaults, module):
    whole = {w: contents[w] for w in WORLDS}
    unseen = {w: spoiled(contents[w], contents[w].episodes("validation")) for w in WORLDS}
    rows, again = (
        Validator(worlds, 10, record(defaults), CPU).measure(module, 1)
        for worlds in (whole, unseen)
    )
    assert rows == again


def test_curves_are_spread_over_the_validation_episodes(contents, defaults):
    content = contents["original"]
    validator = Validator({"original": content}, 10, record(defaults), CPU)
    held = content.frames[content.indices(content.episodes("validation"))]
    starts = np.linspace(0, len(held) - 11, 4).astype(int)
    expected = held[starts[:, None] + np.arange(11)]
    assert np.array_equal(validator._sequences["original"].frames, expected)
