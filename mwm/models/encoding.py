"""Use a trained model: encode, decode, predict and dream, in batches and without gradients."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.io.frames import Frames
from mwm.models.model import MetaWorldModel
from mwm.models.visions import Vision

BATCH = 2000  # frames handled at once: (2000, 4096) float32 are 32 MB


@dataclass(frozen=True)
class Sequences:
    """Sequences of one world: t frames that are read, and the one after them.

    Attributes:
        frames: (b, t + 1, 512) uint8, packed.
        actions: (b, t) int64, each taken between two frames.
    """

    frames: Tensor
    actions: Tensor

    @property
    def now(self) -> Tensor:
        """(b * t, 512) uint8: the frames that are encoded."""
        return self.frames[:, :-1].flatten(0, 1)

    @property
    def after(self) -> Tensor:
        """(b * t, 512) uint8: the frame one step after each, which M predicts."""
        return self.frames[:, 1:].flatten(0, 1)


def sequences(frames: Frames, starts: NDArray[np.int64], length: int) -> Sequences:
    """The sequences that read `length` frames from each index in `starts` (b,)."""
    index = starts[:, None] + np.arange(length + 1)
    actions = frames.actions[index[:, :-1]].astype(np.int64)
    return Sequences(torch.from_numpy(frames.frames[index]), torch.from_numpy(actions))


class Encoded(NamedTuple):
    """Latents of sequences of frames.

    Attributes:
        code: (b, t, latent), V's posterior means of frames 0..t-1.
        prediction: (b, t, latent), M's means for frames 1..t.
    """

    code: Tensor
    prediction: Tensor


@torch.no_grad()
def encode(vision: Vision, packed: Tensor, batch: int = BATCH) -> tuple[Tensor, Tensor]:
    """Posterior mean and log-variance, each (n, latent), of frames (n, 512) uint8.

    Args:
        vision: V of the frames' world.
        packed: the frames.
        batch: how many are encoded at once; sums may depend on it in their last bits.
    """
    parts = [vision.encode(vision.unpack(part)) for part in torch.split(packed, batch)]
    means, log_variances = zip(*parts, strict=True)
    return torch.cat(means), torch.cat(log_variances)


@torch.no_grad()
def encode_sequences(model: MetaWorldModel, world: str, packed: Tensor, actions: Tensor) -> Encoded:
    """Encode sequences (b, t, 512) uint8 with V of `world`; predict with M and actions (b, t)."""
    code = _codes(model, world, packed)
    return Encoded(code, model.memory(code, actions)[0])


def _codes(model: MetaWorldModel, world: str, packed: Tensor) -> Tensor:
    mean, _ = encode(model.vision(world), packed.flatten(0, 1))
    return mean.view(*packed.shape[:2], -1)


@torch.no_grad()
def decode(model: MetaWorldModel, world: str, z: Tensor) -> Tensor:
    """Decode latents (n, latent) with V of `world`: probabilities (n, 4096)."""
    vision = model.vision(world)
    return torch.cat([torch.sigmoid(vision.decode(part)) for part in torch.split(z, BATCH)])


@torch.no_grad()
def dream(model: MetaWorldModel, world: str, packed: Tensor, actions: Tensor) -> Tensor:
    """Predict open loop: M's means of the frames after those given, each from the one before it.

    Args:
        model: holds `world`.
        world: whose V encodes.
        packed: (b, t, 512) uint8, the frames that are seen.
        actions: (b, t + steps) int64, steps at least 1; the last one has no influence.

    Returns:
        (b, steps, latent).
    """
    seen = packed.shape[1]
    mean, _, state = model.memory.read(_codes(model, world, packed), actions[:, :seen])
    return model.memory.dream(mean[:, -1], actions[:, seen:-1], state)
