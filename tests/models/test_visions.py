"""All three vision models, on real frames of all six worlds."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from mwm import UsageError
from mwm.models.model import initialise
from mwm.models.rarity import pixel_weights
from mwm.models.visions import KINDS
from mwm.models.visions.base import (
    LOG_VARIANCE,
    Vision,
    kl_divergence,
    pixel_loss,
    sample_gaussian,
    split_gaussian,
    unpack_bits,
)
from mwm.models.visions.conv import FromPixel
from mwm.models.visions.sparse import SparseVision

WORLDS = ["original", "transpose", "hswap", "vswap", "invert", "mirror"]


def make(defaults, kind: str, packed: torch.Tensor, **changes) -> Vision:
    config = defaults.train.model.model_copy(update={"vision": kind, **changes})
    vision = initialise(config, ["original"], actions=6, seed=0).vision("original")
    vision.calibrate(packed)
    return vision


def sample(content, count: int = 40) -> torch.Tensor:
    return torch.from_numpy(content.frames[:: len(content.frames) // count][:count])


def test_bits_unpack_as_numpy_unpacks_them(contents):
    packed = contents["original"].frames[:50]
    assert np.array_equal(unpack_bits(torch.from_numpy(packed)), np.unpackbits(packed, axis=1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("world", WORLDS)
def test_shapes_are_those_of_the_docs_and_all_is_finite(defaults, contents, kind, world):
    packed = sample(contents[world])
    vision = make(defaults, kind, packed)
    x = vision.unpack(packed)
    mean, log_variance = vision.encode(x)
    logits = vision.decode(mean)
    assert mean.shape == log_variance.shape == (len(packed), 32)
    assert logits.shape == (len(packed), 4096)
    assert logits.isfinite().all()
    assert vision.loss(mean, x).isfinite()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("world", ["original", "invert"])
def test_loss_is_the_textbooks_on_dense_pixels(defaults, contents, kind, loss, world):
    packed = sample(contents[world])
    vision = make(defaults, kind, packed, loss=loss)
    z = torch.randn(len(packed), 32, generator=torch.Generator().manual_seed(0))
    pixels, logits = unpack_bits(packed), vision.decode(z)
    if loss == "bce":
        expected = functional.binary_cross_entropy_with_logits(logits, pixels, reduction="none")
    else:
        expected = (torch.sigmoid(logits) - pixels) ** 2
    found = vision.loss(z, vision.unpack(packed))
    torch.testing.assert_close(found, (expected @ vision.weights).mean(), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("world", ["original", "invert", "vswap"])
def test_sparse_gradients_are_those_of_dense_autograd(defaults, contents, world):
    packed = sample(contents[world], 250)  # in parts of 100, as the loss is computed
    vision = make(defaults, "sparse", packed)
    noise = torch.randn(len(packed), 32, generator=torch.Generator().manual_seed(1))

    def gradients(dense: bool) -> list[torch.Tensor]:
        vision.zero_grad()
        x = vision.unpack(packed)
        z = vision.encode(x)[0] + noise
        logits, pixels = vision.decode(z), unpack_bits(packed)
        loss = pixel_loss(logits, pixels, vision.weights, "bce") if dense else None
        (vision.loss(z, x) if loss is None else loss).backward()
        return [p.grad.clone() for p in vision.parameters()]

    for fast, slow in zip(gradients(dense=False), gradients(dense=True), strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-3, atol=1e-4)


def test_sparse_encoder_is_the_sum_of_embeddings_of_what_differs_from_the_background(
    defaults, contents
):
    packed = sample(contents["invert"])
    vision = make(defaults, "sparse", packed)
    assert isinstance(vision, SparseVision)
    background = unpack_bits(vision.background[None])[0]
    assert background.all(), "the inverted world's background is on"
    differs = (unpack_bits(packed) != background).float()
    expected = vision.encoder(differs @ vision.embedding + vision.embedding_bias)
    found = torch.cat(vision.encode(vision.unpack(packed)), dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_frames_without_any_object_are_encoded_alike(defaults, contents):
    packed = sample(contents["original"])
    vision = make(defaults, "sparse", packed)
    blank = torch.zeros_like(packed)
    mean, _ = vision.encode(vision.unpack(blank))
    assert torch.equal(mean[0], mean[-1])


def test_inverting_colours_changes_nothing_for_sparse_but_the_sign_of_its_logits(
    defaults, contents
):
    original = make(defaults, "sparse", sample(contents["original"]))
    inverted = make(defaults, "sparse", sample(contents["invert"]))
    z = torch.randn(5, 32, generator=torch.Generator().manual_seed(2))
    assert torch.equal(original.decode(z), -inverted.decode(z))
    codes = original.encode(original.unpack(sample(contents["original"])))
    twins = inverted.encode(inverted.unpack(sample(contents["invert"])))
    assert torch.equal(codes[0], twins[0])


# World Models' VAE has 4,348,547 parameters on three colours: two channels less at either end.
CONV = 4_348_547 - 2 * 32 * 4 * 4 - 2 * (32 * 6 * 6 + 1)


@pytest.mark.parametrize(
    ("kind", "parameters"), [("conv", CONV), ("dense", 2_257_984), ("sparse", 1_472_576)]
)
def test_parameter_counts_are_those_of_the_docs(defaults, contents, kind, parameters):
    vision = make(defaults, kind, sample(contents["original"]))
    assert sum(p.numel() for p in vision.parameters()) == parameters


def test_kl_of_the_prior_is_zero_and_grows_with_the_mean():
    zeros = torch.zeros(3, 4)
    assert kl_divergence(zeros, zeros) == 0
    assert kl_divergence(zeros + 1, zeros) == pytest.approx(2)


def test_samples_have_the_posterior_s_moments():
    mean, log_variance = torch.full((20000, 2), 3.0), torch.full((20000, 2), -1.0)
    z = sample_gaussian(mean, log_variance, torch.Generator().manual_seed(0))
    assert z.mean().item() == pytest.approx(3, abs=0.02)
    assert z.var().item() == pytest.approx(np.exp(-1), rel=0.03)


def test_an_unknown_kind_is_told_with_the_closest(defaults):
    config = defaults.train.model.model_copy(update={"vision": "spares"})
    with pytest.raises(UsageError, match=r"unknown kind 'spares'.*did you mean 'sparse'\?"):
        initialise(config, ["original"], actions=6, seed=0)


def test_a_transposed_convolution_from_one_pixel_is_pytorchs():
    fast = FromPixel(48, 7, 5, stride=2)
    slow = nn.ConvTranspose2d(48, 7, 5, stride=2)
    slow.load_state_dict(fast.state_dict())
    x = torch.randn(9, 48, 1, 1, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(9, 7, 5, 5, generator=torch.Generator().manual_seed(1))

    def made(layer: nn.Module) -> list[torch.Tensor]:
        given = x.clone().requires_grad_()
        out = layer(given)
        gradients = torch.autograd.grad((out * noise).sum(), [given, *layer.parameters()])
        return [out, *gradients]

    for ours, pytorchs in zip(made(fast), made(slow), strict=True):
        torch.testing.assert_close(ours, pytorchs)


@pytest.mark.parametrize("kind", ["sparse", "dense", "conv"])
def test_calibration_weighs_pixels_by_how_seldom_they_differ(defaults, contents, kind):
    packed = torch.from_numpy(contents["original"].frames)
    for exponent in (0.0, 0.5):
        small = {"vision": kind, "hidden": 8, "rare_pixels": exponent}
        config = defaults.train.model.model_copy(update=small)
        v = initialise(config, ["original"], 6, seed=0).vision("original")
        known = v.calibrate(packed)
        expected = torch.from_numpy(pixel_weights(known.share, exponent)).float()
        assert torch.equal(v.weights, expected)
        assert bool((v.weights == 1).all()) == (exponent == 0)


def test_log_variances_are_bounded():
    mean, log_variance = split_gaussian(torch.tensor([[1e3, -1e3, 1e3, -1e3]]))
    assert mean.tolist() == [[1e3, -1e3]]
    assert log_variance.tolist() == [[LOG_VARIANCE[1], LOG_VARIANCE[0]]]
