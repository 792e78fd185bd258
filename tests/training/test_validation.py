"""Curves of training, on a model whose answers are known."""

import torch
from oracle import deaf

from mwm.training.validation import Validator

WORLDS = ["original", "mirror", "invert"]


def test_curves_are_of_the_source_s_latents(contents, defaults):
    """Of the target's own, all was aligned from the start, and no test noticed."""
    shown = {world: contents[world] for world in WORLDS}
    model = deaf(contents, WORLDS, "mirror")
    model.worlds = WORLDS
    record = defaults.train.record.model_copy(update={"sequences": 4})
    rows = Validator(shown, 10, record, torch.device("cpu")).measure(model, 1)
    found = {(row["source"], row["target"]): row for row in rows}
    assert len(found) == 6
    assert found["mirror", "original"]["f1_agent"] == 0
    assert found["mirror", "original"]["alignment"] < 0.5
    assert found["original", "mirror"]["f1_agent"] == found["original", "invert"]["f1_agent"] == 1
    assert found["original", "invert"]["alignment"] == 1
