"""What D steps read: latents of training episodes, encoded once by a V that stays."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mwm.models.encoding import encode
from mwm.models.visions import Vision
from mwm.settings.train import Batch
from mwm.training.batches import Episodes


class Dreamt(NamedTuple):
    """A batch of sequences.

    Attributes:
        codes: (b, t + 1, latent), of the frames.
        actions: (b, t) int64, each taken between two frames.
        packed: (b, t + 1, 512) uint8, the frames.
    """

    codes: Tensor
    actions: Tensor
    packed: Tensor


class Dreams:
    """Draws `batch.dreams` sequences, of which M reads `batch.length` frames and dreams the rest.

    Attributes:
        known: (n, latent), V's means of all frames of the episodes.
        given: how many frames M reads ...
        dreamed: ... and how many steps it then dreams at most.
    """

    def __init__(
        self, vision: Vision, episodes: Episodes, batch: Batch, rng: np.random.Generator
    ) -> None:
        """Encode the frames of `episodes`; `rng` is of all draws."""
        self.given, self.dreamed = batch.length, batch.dreamed
        self._count, self._rng = batch.dreams, rng
        self._episodes = episodes.lengthened(batch.length + batch.dreamed)
        indices = episodes.frames.indices
        self.known, _ = encode(vision, episodes.images(indices).packed)
        self._place = torch.zeros(indices.max() + 1, dtype=torch.int64)
        self._place[torch.from_numpy(indices)] = torch.arange(len(indices))

    def draw(self, dreamed: int) -> Dreamt:
        """The next batch, of `given` frames and `dreamed` after them."""
        starts = self._episodes.starts.draw(self._rng, self._count)
        sequences = self._episodes.sequences(starts)
        length = self.given + dreamed
        span = torch.arange(length + 1)
        codes = self.known[self._place[torch.from_numpy(starts)[:, None] + span]]
        return Dreamt(codes, sequences.actions[:, :length], sequences.frames[:, : length + 1])
