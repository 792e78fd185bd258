"""What one world's V says of the world's own episodes: the only thing that decipherment sees."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import MwmError
from mwm.io.frames import Frames
from mwm.models.visions.base import Vision

BATCH = 4000  # frames encoded at once
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
    """

    frames: NDArray[np.int64]
    z: Tensor
    dimensions: Tensor
    centre: Tensor
    scale: Tensor
    actions: Tensor
    spans: NDArray[np.int64]

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
        """At most `count` frames of `indices`, in order."""
        indices = self.indices(before, after)
        if len(indices) <= count:
            return indices
        chosen = np.sort(rng.choice(len(indices), count, replace=False))
        return indices[torch.from_numpy(chosen)]


@torch.no_grad()
def encode(vision: Vision, content: Frames, episodes: NDArray[np.int64]) -> Codes:
    """Posterior means of the frames of `episodes`; no other frame is looked at.

    Raises:
        MwmError: V says next to nothing of its frames.
    """
    offsets = content.episode_offsets
    frames = np.concatenate([np.arange(offsets[e], offsets[e + 1]) for e in episodes])
    ends = np.cumsum([offsets[e + 1] - offsets[e] for e in episodes])
    spans = np.stack([np.concatenate([[0], ends[:-1]]), ends], 1)
    parts = [
        vision.encode(vision.unpack(torch.from_numpy(content.frames[part])))
        for part in np.split(frames, range(BATCH, len(frames), BATCH))
    ]
    mean = torch.cat([part[0] for part in parts])
    variance = torch.cat([part[1] for part in parts]).exp()
    kl = 0.5 * (mean.square() + variance - 1 - variance.log()).mean(0)
    dimensions = kl.argsort(descending=True)[: int((kl > INFORMATIVE).sum())]
    if len(dimensions) < 2:
        raise MwmError(
            f"{content.attributes['world']}: expected a V whose codes say something, found "
            f"{len(dimensions)} informative dimensions; train it longer (train.see.iterations, of "
            "the original train.anchor.iterations), or lower the weight of its KL"
        )
    mean = mean[:, dimensions]
    centre, scale = mean.mean(0), mean.std(0)
    actions = torch.from_numpy(content.actions[frames].astype(np.int64))
    return Codes(frames, (mean - centre) / scale, dimensions, centre, scale, actions, spans)
