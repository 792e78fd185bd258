"""Of what each table of an evaluation is measured, and what its numbers count."""

from types import SimpleNamespace
from typing import Any

import torch
from oracle import Oracle

from mwm.evaluation import measurements
from mwm.evaluation.mirror_test import mirror_test
from mwm.evaluation.pairs import evaluate_pairs

WORLDS = ["original", "mirror"]


def test_foreign_plays_and_the_control_are_measured_as_such(monkeypatch, tmp_path, defaults):
    """foreign.csv could be of random plays, and the control of the mirror test the model itself."""
    model: Any = SimpleNamespace(worlds=["original"])
    monkeypatch.setattr(measurements, "with_pretrained_visions", lambda model, folder: "control")
    shown, foreign = {"original": "random frames"}, {"original": "foreign frames"}
    planned = list(measurements._plan("one", model, shown, foreign, tmp_path, defaults.evaluate))
    assert [(table, *work.args[:-1]) for table, work in planned] == [
        ("pairs.csv", "one", model, shown),
        ("foreign.csv", "one", model, foreign),
        ("dreams.csv", "one", model, shown),
        ("mirror_test.csv", "one", model, shown),
        ("mirror_test.csv", "alone", "control", shown),
        ("field.csv", "one", model, "random", shown),
        ("field.csv", "one", model, "foreign", foreign),
        ("elements.csv", "one", model, shown),
    ]


def test_the_upper_bound_is_the_error_of_the_world_that_encodes(contents, defaults):
    settings = defaults.evaluate.model_copy(update={"frames": 30, "length": 10})
    shown = {world: contents[world] for world in WORLDS}
    rows = evaluate_pairs("test", Oracle(contents, WORLDS, blind=["mirror"]), shown, settings)
    found = {(row["source"], row["target"]): row for row in rows}
    lost = found["mirror", "mirror"]["reconstruction"]
    assert lost > 0
    assert found["original", "mirror"]["upper_bound"] == 0
    assert found["mirror", "original"]["upper_bound"] == lost


class Sometimes(Oracle):
    """Actions move the agent's bat in every second sequence; `faint`, by a third of a pixel."""

    faint = False

    def move(self, z, actions):
        frames = z.view(*z.shape[:2], 64, 64).clone()
        for a in range(6):
            taken = actions == a
            taken[1::2] = False
            if self.faint:
                frames[..., 0, 63] = torch.where(taken, 0.098 * a, frames[..., 0, 63])
            else:
                frames[taken, :, 54:] = frames[taken, :, 54:].roll(a, 1)
        return frames.flatten(2)


def test_marked_is_a_share_of_the_frames_in_which_something_moves(contents, defaults):
    settings = defaults.evaluate.model_copy(update={"frames": 100, "length": 10})
    shown = {world: contents[world] for world in WORLDS}
    for row in mirror_test("test", Sometimes(contents, WORLDS), shown, settings):
        assert row["moving"] == (row["frames"] + 1) // 2
        assert row["marked"] == (row["object"] == "agent")


def test_less_than_a_pixel_is_no_movement(contents, defaults):
    settings = defaults.evaluate.model_copy(update={"frames": 100, "length": 10})
    shown = {world: contents[world] for world in WORLDS}
    model = Sometimes(contents, WORLDS)
    model.faint = True
    rows = mirror_test("test", model, shown, settings)
    assert 0.01 < max(row["moved"] for row in rows) < 1
    assert {row["moving"] for row in rows} == {0}
