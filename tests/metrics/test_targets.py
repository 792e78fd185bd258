"""Pairs of worlds, on latents whose errors are known."""

import numpy as np
import pytest
import torch

from mwm.metrics.errors import rounded
from mwm.metrics.objects import OriginalView
from mwm.metrics.pairs import Target
from mwm.models.encoding import Encoded, sequences
from mwm.models.model import initialise

LENGTH = 10


@pytest.fixture(scope="module")
def model(defaults, contents):
    model = initialise(defaults.train.model, ["original", "mirror"], 6, seed=0)
    for world in model.worlds:
        model.vision(world).calibrate(torch.from_numpy(contents[world].frames))
    return model


@pytest.fixture(scope="module")
def latents():
    """Far apart, so that each is decoded to something else."""
    rng = torch.Generator().manual_seed(0)
    return Encoded(*(5 * torch.randn(3, LENGTH, 32, generator=rng) for _ in range(2)))


@pytest.fixture(scope="module")
def target(model, contents, latents):
    content = contents["mirror"]
    test = sequences(content, np.array([100, 200, 300]), LENGTH)
    view = OriginalView(content, torch.device("cpu"))
    return Target(model, "mirror", test, view, latents, torch.arange(3 * LENGTH).roll(15))


def test_a_worlds_own_latents_are_aligned_with_themselves(target, latents):
    errors, found = target.compare(latents)
    assert errors["transfer"] == target.errors["reconstruction"]
    assert errors["predicted_transfer"] == target.errors["prediction"]
    assert torch.equal(found, target.reconstructed)


def test_latents_of_unrelated_frames_are_chance(target, latents):
    rolled = Encoded(*(z.flatten(0, 1).roll(15, 0).view_as(z) for z in latents))
    errors, _ = target.compare(rolled)
    assert errors["transfer"] == pytest.approx(target.errors["chance"], rel=1e-6)
    assert target.errors["chance"] != pytest.approx(target.errors["reconstruction"], rel=1e-5)
    assert errors["predicted_transfer"] == pytest.approx(target.errors["predicted_chance"])


def test_errors_are_against_the_frame_and_for_predictions_against_the_next(
    target, latents, model, contents
):
    content = contents["mirror"]
    now = (np.array([100, 200, 300])[:, None] + np.arange(LENGTH)).ravel()
    for part, index, name in (
        (latents.code, now, "reconstruction"),
        (latents.prediction, now + 1, "prediction"),
    ):
        with torch.no_grad():
            decoded = torch.sigmoid(model.vision("mirror").decode(part.flatten(0, 1))).numpy()
        pixels = np.unpackbits(content.frames[index], axis=1)
        expected = ((decoded - pixels) ** 2).sum(1).mean()
        assert target.errors[name] == pytest.approx(expected, rel=1e-4)


def test_the_truth_is_the_originals_frame_and_finds_every_object(target, contents):
    now = (np.array([100, 200, 300])[:, None] + np.arange(LENGTH)).ravel()
    pixels = np.unpackbits(contents["original"].frames[now], axis=1).reshape(-1, 64, 64)
    assert np.array_equal(target.truth, pixels)
    assert target.f1(target.truth) == {"opponent": 1, "ball": 1, "agent": 1}


def test_rows_are_rounded_and_what_is_no_number_is_empty():
    row = {"a": 1 / 3, "b": None, "c": float("nan"), "d": 2.0}
    assert rounded(row) == {"a": 0.333333, "b": None, "c": None, "d": 2.0}
