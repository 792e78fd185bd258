"""Where objects are in many frames, as shown or as decoded, and whether they were away between."""

from collections.abc import Iterable

import torch
from torch import Tensor

from mwm.metrics.objects import OriginalView, centroids, there
from mwm.models.encoding import BATCH, decode
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import unpack_bits

AWAY = 6  # frames; longer is away. A ball that a bat hits is hidden by it for up to 5 (Pong)

Tracks = dict[str, Tensor]  # by object: centroids (..., 2), row and column in its box; NaN: nowhere


def shown(view: OriginalView, packed: Tensor) -> Tracks:
    """Where frames (..., 512) uint8 of the view's world show the objects."""
    parts = torch.split(packed.flatten(0, -2), BATCH)
    return _tracks(view, (view.binary(unpack_bits(part)) for part in parts), packed)


def drawn(view: OriginalView, model: MetaWorldModel, world: str, z: Tensor) -> Tracks:
    """Where V of `world`, the view's, draws the objects of latents (..., latent)."""
    parts = torch.split(z.flatten(0, -2), BATCH)
    return _tracks(view, (view.binary(decode(model, world, part)) for part in parts), z)


def _tracks(view: OriginalView, parts: Iterable[Tensor], of: Tensor) -> Tracks:
    """The tracks in pictures that come in `parts` (n, 64, 64); shaped as the last axis but one."""
    found = [[centroids(view.crop(part, name)) for name in view.objects] for part in parts]
    return {
        name: torch.cat(column).view(*of.shape[:-1], 2)
        for name, column in zip(view.objects, zip(*found, strict=True), strict=True)
    }


def was_away(track: Tensor, first: int) -> Tensor:
    """Whether an object was away for more than AWAY frames in a row, from frame `first` on.

    Args:
        track: (b, t, 2), centroids at successive frames.
        first: frame from which on it counts; an absence then may have begun before.

    Returns:
        (b, t - first) bool, for each frame from `first` on: whether up to then it was away.
    """
    away = torch.zeros(len(track), dtype=torch.int64)
    ever = torch.zeros(len(track), dtype=torch.bool)
    answers = []
    for moment, present in enumerate(there(track).T):
        away = torch.where(present, 0, away + 1)
        if moment >= first:
            ever = ever | (away > AWAY)
            answers.append(ever)
    return torch.stack(answers, 1)
