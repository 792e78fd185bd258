"""The guide: deciphered latents draw codes frame by frame, then constraints beside them."""

import numpy as np
import pytest
import torch

from mwm.io.latents import Latents
from mwm.training import acts
from mwm.training.acts import Setup
from mwm.training.constraints import Posterior
from mwm.training.device import prepare_device
from mwm.training.guide import ROBUST, Guide

FRAMES, LATENT = 30, 4
LATENTS = Latents(
    np.array([3, 4, 7]), np.arange(6, dtype=np.float32).reshape(3, 2), np.array([2, 0])
)


def test_it_is_a_robust_distance_weighted_by_precision() -> None:
    guide = Guide(LATENTS, FRAMES, LATENT, torch.device("cpu"))
    rng = torch.Generator().manual_seed(0)
    posterior, reference = (
        Posterior(*(torch.randn(5, LATENT, generator=rng) for _ in range(2))) for _ in range(2)
    )
    places = np.array([7, 0, 3, 29, 4])
    precision = (-reference.log_variance).exp().mean(0)
    expected = 0.0
    for row, place in enumerate(places):
        if place in LATENTS.frames:
            target = torch.zeros(LATENT)
            for column, dimension in enumerate(LATENTS.dimensions):
                value = LATENTS.values[list(LATENTS.frames).index(place), column]
                target[dimension] = float(value)
            error = sum(
                float(precision[k] / precision.max())
                * float(posterior.mean[row, k] - target[k]) ** 2
                for k in range(LATENT)
            )
            expected += 2 * ROBUST * ((1 + error / ROBUST) ** 0.5 - 1) / len(places)
    found = guide.distance(places, posterior, reference)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_a_share_of_the_frames_is_drawn_from_it() -> None:
    guide = Guide(LATENTS, FRAMES, LATENT, torch.device("cpu"))
    sharp = torch.full((5, LATENT), -20.0)
    reference = Posterior(torch.zeros(5, LATENT), sharp)
    places = np.array([7, 0, 3, 29, 4])
    own = torch.full((5, LATENT), 9.0)
    rng = torch.Generator().manual_seed(0)
    whole = guide.draw(places, own, reference, 1.0, rng)
    for row, place in enumerate(places):
        expected = guide.values[place] if place in LATENTS.frames else own[row]
        assert torch.allclose(whole[row], expected, atol=1e-3)
    assert torch.equal(guide.draw(places, own, reference, 0.0, rng), own)
    many = np.full(2000, 7)
    spread = Posterior(torch.zeros(5, LATENT), torch.zeros(5, LATENT))
    half = guide.draw(many, torch.full((2000, LATENT), 99.0), spread, 0.5, rng)
    taken = half[:, 0] < 50
    assert 0.45 < taken.float().mean() < 0.55
    assert half[taken].std(0).mean().item() == pytest.approx(1.0, abs=0.1)


def test_constraints_grow_beside_it(defaults, contents) -> None:
    """Told that all frames are one state, codes first shrink, then are drawn to the original's."""
    batch = defaults.train.batch.model_copy(update={"frames": 64, "sequences": 4, "length": 10})
    run = defaults.train.run.model_copy(update={"threads": 1, "inputs": "independent"})
    setup = Setup(run, defaults.train.model, batch, prepare_device(run))
    brief = {"iterations": 8, "reconstruction_steps": 10, "prediction_steps": 0}
    worlds = ("original", "mirror")
    see = defaults.train.see.model_copy(update=brief)
    record = defaults.train.record.model_copy(update={"every": 8, "sequences": 4})
    seen = {w: acts.see(setup, w, contents[w], see)[0] for w in worlds}
    dream = defaults.train.anchor.model_copy(update={"iterations": 2, "dream_steps": 5})
    anchor = acts.anchor(setup, seen["original"], contents["original"], dream, record)[0]
    every = np.arange(len(contents["mirror"].frames))
    nowhere = Latents(every, np.zeros((len(every), 32), np.float32), np.arange(32))
    act = defaults.train.recruit.model_copy(
        update=brief | {"frames": "random", "constraints": {"sinkhorn": 1000.0}, "cooldown": 0.0}
    )
    frames = {w: contents[w] for w in worlds}
    models, deciphered = [anchor, seen["mirror"]], {"mirror": nowhere}
    _, history = acts.recruit(setup, "test", models, frames, act, record, deciphered, 300.0)
    pulled = [row["deciphered_mirror"] for row in history.training]
    apart = [row["sinkhorn_mirror"] for row in history.training]
    assert min(pulled[:4]) < 0.5 * pulled[-1], "the guide draws at first"
    assert apart[-1] < 0.5 * max(apart), "then the constraint draws back"
