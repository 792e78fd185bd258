"""What one world's V says of the world's own episodes: the only thing that decipherment sees."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.models.vision import Vision
from mwm.store import Frames

BATCH = 4000  # frames encoded at once
INFORMATIVE = 0.05  # KL divergence from the prior, in nats, of a dimension that says something


@dataclass(frozen=True)
class Codes:
    """Posterior means of a world's frames, and which of its episodes may be used.

    Attributes:
        z: (n, d) float32, the informative dimensions in falling order, standardised.
        dimensions: (d,) their places in the latent.
        centre: (d,) and
        scale: (d,) what the standardisation took away: latent = z * scale + centre.
        actions: (n,) int64, taken after each frame.
        spans: (e, 2) first frame and the frame after the last, of the episodes.
    """

    z: Tensor
    dimensions: Tensor
    centre: Tensor
    scale: Tensor
    actions: Tensor
    spans: NDArray[np.int64]

    def indices(self, before: int, after: int) -> Tensor:
        """Frames that have `before` frames before them and `after` after them in their episode."""
        parts = [np.arange(a + before, b - after) for a, b in self.spans]
        return torch.from_numpy(np.concatenate(parts))

    def sequences(self, length: int, stride: int) -> Tensor:
        """(s, length) indices of frames, `stride` apart, of sequences that do not overlap."""
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
    """Posterior means of all frames of a world; statistics over `episodes` alone."""
    parts = [
        vision.encode(vision.unpack(torch.from_numpy(content.frames[at : at + BATCH])))
        for at in range(0, len(content.frames), BATCH)
    ]
    mean = torch.cat([part[0] for part in parts])
    log_variance = torch.cat([part[1] for part in parts])
    offsets = content.episode_offsets.astype(np.int64)
    spans = np.stack([offsets[episodes], offsets[episodes + 1]], 1)
    used = torch.from_numpy(np.concatenate([np.arange(a, b) for a, b in spans]))
    mu, variance = mean[used], log_variance[used].exp()
    kl = 0.5 * (mu.square() + variance - 1 - variance.log()).mean(0)
    dimensions = kl.argsort(descending=True)[: int((kl > INFORMATIVE).sum())]
    centre, scale = mu[:, dimensions].mean(0), mu[:, dimensions].std(0)
    actions = torch.from_numpy(content.actions.astype(np.int64))
    return Codes((mean[:, dimensions] - centre) / scale, dimensions, centre, scale, actions, spans)
