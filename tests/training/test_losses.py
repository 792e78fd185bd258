"""What P and R minimise, by parts that are known."""

import numpy as np
import pytest
import torch
from brief_acts import WORLDS, small

from mwm.io.latents import Latents
from mwm.models.encoding import encode
from mwm.models.model import initialise
from mwm.models.visions.base import kl_divergence, sample_gaussian
from mwm.training.batches import Sampler
from mwm.training.constraints import Posterior, moments
from mwm.training.guide import Guide
from mwm.training.phases import Guidance, prediction_step, reconstruction_step

CPU = torch.device("cpu")


@pytest.fixture
def pair(defaults, contents):
    setup = small(defaults)
    model = initialise(setup.model, WORLDS, 6, seed=0)
    frames = {w: contents[w] for w in WORLDS}
    return model, Sampler(frames, setup.batch, "independent", np.random.default_rng(0), CPU)


def test_p_is_the_loss_of_the_frame_after_from_samples_of_v_and_m(pair):
    model, sampler = pair
    batch, rng = sampler.sequences(), torch.Generator().manual_seed(3)
    total, losses = prediction_step(model, [*WORLDS], batch, torch.Generator().manual_seed(3))
    codes = []
    for world in WORLDS:
        v = model.vision(world)
        z = sample_gaussian(*v.encode(v.unpack(batch[world].frames[:, :-1].flatten(0, 1))), rng)
        codes.append(z.unflatten(0, (4, 10)))
    taken = torch.cat([batch[world].actions for world in WORLDS])
    predicted = sample_gaussian(*model.memory(torch.cat(codes), taken), rng)
    for world, z in zip(WORLDS, predicted.chunk(2), strict=True):
        v, after = model.vision(world), batch[world].frames[:, 1:].flatten(0, 1)
        torch.testing.assert_close(
            losses[f"prediction_{world}"], v.loss(z.flatten(0, 1), v.unpack(after))
        )
    torch.testing.assert_close(total, sum(losses.values()))


def reconstructed(pair, value: float, drawn: float):
    """An R step of mirror by a guide whose latents are all of that value; and what it was given."""
    model, sampler = pair
    images = sampler.images()
    packed = {world: image.packed for world, image in images.items()}
    places, size = images["mirror"].indices, model.config.latent
    known = np.unique(places)
    latents = Latents(known, np.full((len(known), size), value, np.float32), np.arange(size))
    guide = Guide(latents, places.max() + 1, size, CPU)
    total, losses = reconstruction_step(
        model,
        ["mirror"],
        packed,
        0.25,
        {"moments": (moments, 7.0)},
        torch.Generator().manual_seed(0),
        {"mirror": Guidance(guide, places, 11.0, drawn)},
    )
    return total, losses, packed, guide, places


def test_r_is_the_sum_of_what_its_parts_weigh(pair):
    model, _ = pair
    total, losses, packed, guide, places = reconstructed(pair, 1.0, drawn=0.0)
    ours, theirs = (Posterior(*encode(model.vision(w), packed[w])) for w in ("mirror", "original"))
    v, z = model.vision("mirror"), sample_gaussian(*ours, torch.Generator().manual_seed(0))
    expected = {
        "reconstruction": (1.0, v.loss(z, v.unpack(packed["mirror"]))),
        "kl": (0.25, kl_divergence(*ours)),
        "moments": (7.0, moments(ours, theirs, torch.Generator())),
        "deciphered": (11.0, guide.distance(places, ours, theirs)),
    }
    assert losses.keys() == {f"{name}_mirror" for name in expected}
    for name, (_, loss) in expected.items():
        torch.testing.assert_close(losses[f"{name}_mirror"], loss)
    torch.testing.assert_close(total, sum(weight * loss for weight, loss in expected.values()))


def test_r_draws_from_the_guide_and_weighs_all(pair):
    model, _ = pair
    size = model.config.latent
    model.vision("original").encoder[-1].bias.data[size:] = -12.0  # sharp codes: few samples differ
    total, losses, packed, _, _ = reconstructed(pair, 50.0, drawn=1.0)
    v = model.vision("mirror")
    drawn = v.loss(torch.full((64, size), 50.0), v.unpack(packed["mirror"]))
    torch.testing.assert_close(losses["reconstruction_mirror"], drawn, rtol=1e-3, atol=0)
    weights = {"reconstruction": 1.0, "kl": 0.25, "moments": 7.0, "deciphered": 11.0}
    assert losses.keys() == {f"{name}_mirror" for name in weights}
    torch.testing.assert_close(
        total, sum(weight * losses[f"{name}_mirror"] for name, weight in weights.items())
    )
