"""The key elements: which dimensions of z the worlds use, and whether they agree on them."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.functional import jvp

from mwm.evaluation.selection import check_alike, windows
from mwm.io.frames import Frames
from mwm.metrics.errors import rounded
from mwm.models.encoding import encode
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import Vision
from mwm.settings.base import ORIGINAL
from mwm.settings.evaluate import Evaluate

Row = dict[str, Any]
GRADIENT_FRAMES = 200  # each is decoded once per dimension; means over more hardly differ


@torch.no_grad()
def latent_elements(
    name: str, model: MetaWorldModel, worlds: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """One row per world and dimension of z, on the test frames that `evaluate_pairs` encodes.

    Columns, rounded to six decimals (z has no unit; M and V see it as standard normal):
        log_sigma: log standard deviation of the posterior, mean over frames.
        spread: standard deviation over frames of the posterior's mean.
        distance: between the original's posterior mean and this world's of corresponding frames,
            absolute, mean over frames.
        weight: sum of the absolute weights by which the decoder's first layer reads it.
        gradient: of the decoded picture, in pixels per unit of z: absolute change of probability,
            summed over pixels, mean over GRADIENT_FRAMES frames at most.

    Args:
        name: of the model.
        model: holds every world of `worlds`.
        worlds: the worlds' frames, the original among them.
        settings: params `evaluate`.

    Raises:
        MwmError: the worlds show different plays, or no test episode is long enough.
    """
    check_alike(worlds)
    model.eval()
    length = settings.length
    starts = windows(worlds[ORIGINAL], length, max(1, settings.frames // length))
    index = (starts[:, None] + np.arange(length)).ravel()
    posteriors = {
        world: encode(model.vision(world), torch.from_numpy(frames.frames[index]))
        for world, frames in worlds.items()
    }
    reference = posteriors[ORIGINAL][0]
    rows = []
    for world, (mean, log_variance) in posteriors.items():
        vision = model.vision(world)
        columns = {
            "log_sigma": 0.5 * log_variance.double().mean(0),
            "spread": mean.double().std(0, correction=0),
            "distance": (reference - mean).abs().double().mean(0),
            "weight": decoder_weight(vision),
            "gradient": picture_gradient(vision, _evenly(mean, GRADIENT_FRAMES)),
        }
        for k in range(mean.shape[1]):
            numbers = rounded({column: value[k].item() for column, value in columns.items()})
            rows.append({"model": name, "world": world, "dimension": k, **numbers})
    return rows


def decoder_weight(vision: Vision) -> Tensor:
    """(latent,): sum of the absolute weights that leave each dimension in the decoder.

    Raises:
        TypeError: the decoder has no layer whose weights are known.
    """
    for layer in cast(nn.Module, vision.decoder).modules():
        if isinstance(layer, nn.Linear):  # weights are (out, in)
            return layer.weight.detach().double().abs().sum(0)
        if isinstance(layer, nn.ConvTranspose2d):  # (in, out, height, width)
            return layer.weight.detach().double().abs().sum((1, 2, 3))
    raise TypeError(f"{vision.kind}: expected a Linear or ConvTranspose2d in the decoder")


def picture_gradient(vision: Vision, z: Tensor) -> Tensor:
    """(latent,): |d probability / d z_k| at latents (n, latent), summed over pixels, mean over n.

    Exact: the Jacobian's product with one direction tells what that dimension does to all pixels.
    """
    gradients = []

    def probabilities(code: Tensor) -> Tensor:
        return torch.sigmoid(vision.decode(code))

    for direction in torch.eye(z.shape[1], dtype=z.dtype):
        # Not torch.func.jvp, which loads the deprecated torch.jit and so warns.
        slopes = jvp(probabilities, z, direction.expand_as(z))[1]  # type: ignore[no-untyped-call]
        gradients.append(slopes.abs().sum(dtype=torch.float64) / len(z))
    return torch.stack(gradients)


def _evenly(values: Tensor, count: int) -> Tensor:
    """At most `count` of the rows, evenly chosen."""
    return values[np.linspace(0, len(values) - 1, min(count, len(values))).astype(np.int64)]
