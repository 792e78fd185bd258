"""What one world's V says of the world's own episodes: the only thing that decipherment sees."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import MwmError
from mwm.io.frames import Frames, divide
from mwm.models import rarity
from mwm.models.visions.base import Vision

BATCH = 4000  # frames encoded at once
RARE = 0.6  # exponent by which frames with rare pixels are drawn more often
INFORMATIVE = 0.05  # KL divergence from the prior, in nats, of a dimension that says something


@dataclass(frozen=True)
class Codes:
    """Posterior means of the frames of those episodes that may be used, and of no others.

    Attributes:
        frames: (n,) int64, which frames of the world they are.
        z: (n, d) float32, the informative dimensions in falling order, standardised.
        dimensions: (d,) their places in the latent.
        centre: (d,) and
        scale: (d,) what the standardisation took away: latent = z * scale + centre.
        actions: (n,) int64, taken after each frame.
        spans: (e, 2) places in `z` of each episode's first frame and of the one after its last.
        precision: (d,) float32, of V's own codes, the finest 1: which errors show.
        weights: (n,) float64, how often each frame is drawn for fits and clusters: where all are
            drawn alike, what happens seldom, such as a ball on its way back, has no states.
    """

    frames: NDArray[np.int64]
    z: Tensor
    dimensions: Tensor
    centre: Tensor
    scale: Tensor
    actions: Tensor
    spans: NDArray[np.int64]
    precision: Tensor
    weights: Tensor

    def indices(self, before: int, after: int) -> Tensor:
        """Places of frames with `before` frames before them and `after` after, in their episode."""
        parts = [np.arange(a + before, b - after) for a, b in self.spans]
        return torch.from_numpy(np.concatenate(parts))

    def sequences(self, length: int, stride: int) -> Tensor:
        """(s, length) places of frames, `stride` apart, of sequences that do not overlap."""
        step = length * stride
        starts = [np.arange(a, b - step + 1, step) for a, b in self.spans]
        span = torch.arange(0, step, stride)
        return torch.from_numpy(np.concatenate(starts))[:, None] + span

    def sample(self, count: int, before: int, after: int, rng: np.random.Generator) -> Tensor:
        """`count` frames of `indices` by their weights, with replacement, in order."""
        indices = self.indices(before, after)
        weights = self.weights[indices].numpy()
        chosen = np.sort(rng.choice(len(indices), count, p=weights / weights.sum()))
        return indices[torch.from_numpy(chosen)]


def half(vision: Vision, content: Frames, place: int, like: Codes | None = None) -> Codes:
    """Codes of the training episodes that a world sees if inputs are independent.

    Args:
        vision: V of the world.
        content: its frames.
        place: 0 for the original, 1 for another world.
        like: codes that mean the same, whose dimensions and standardisation these are to have.

    Raises:
        MwmError: there are too few episodes, or V says next to nothing of its frames.
    """
    name = f"world {content.attributes['world']}"
    episodes = divide(content.episodes("train", name), "independent", place, 2)
    return encode(vision, content, episodes, like)


@torch.no_grad()
def encode(
    vision: Vision, content: Frames, episodes: NDArray[np.int64], like: Codes | None = None
) -> Codes:
    """Posterior means of the frames of `episodes`; no other frame is looked at.

    Args:
        vision: V of the frames' world.
        content: the frames.
        episodes: which of them may be used.
        like: codes whose dimensions, order and standardisation these are to have; None: their own.

    Raises:
        MwmError: V says next to nothing of its frames.
    """
    offsets = content.episode_offsets
    frames = content.indices(episodes)
    ends = np.cumsum([offsets[e + 1] - offsets[e] for e in episodes])
    spans = np.stack([np.concatenate([[0], ends[:-1]]), ends], 1)
    packed = content.frames[frames]
    mean, log_variance = means_of(vision, packed)
    if like is None:
        dimensions = _informative(mean, log_variance, content)
        centre, scale = mean[:, dimensions].mean(0), mean[:, dimensions].std(0)
        precision = (-log_variance).exp().mean(0)[dimensions] * scale.square()
        precision = precision / precision.max()
    else:
        dimensions, centre, scale = like.dimensions, like.centre, like.scale
        precision = like.precision
    z = (mean[:, dimensions] - centre) / scale
    actions = torch.from_numpy(content.actions[frames].astype(np.int64))
    weights = torch.from_numpy(rarity.frame_weights(packed, rarity.usual(packed), RARE))
    return Codes(frames, z, dimensions, centre, scale, actions, spans, precision, weights)


@torch.no_grad()
def means_of(vision: Vision, packed: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """Posterior means and log-variances of packed frames (n, 512), each (n, latent)."""
    parts = [
        vision.encode(vision.unpack(torch.from_numpy(part)))
        for part in np.split(packed, range(BATCH, len(packed), BATCH))
    ]
    mean, log_variance = (torch.cat(each) for each in zip(*parts, strict=True))
    return mean, log_variance


def _informative(mean: Tensor, log_variance: Tensor, content: Frames) -> Tensor:
    """The dimensions that say something, those that say most first."""
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(0)
    dimensions = kl.argsort(descending=True)[: int((kl > INFORMATIVE).sum())]
    if len(dimensions) < 2:
        raise MwmError(
            f"{content.attributes['world']}: expected a V whose codes say something, found "
            f"{len(dimensions)} informative dimensions; train it longer (train.see.iterations), or "
            "lower the weight of its KL"
        )
    return dimensions
