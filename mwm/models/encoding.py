"""Cross-decoding: encode in one world, decode in another, compare with what is really there."""

from typing import NamedTuple

import torch
from torch import Tensor

from mwm.models.model import MetaWorldModel

BATCH = 2000  # frames decoded at once: (2000, 4096) float32 are 32 MB


class Encoded(NamedTuple):
    """What one world's V and M say of sequences of frames.

    Attributes:
        code: (b, t, latent), posterior means of frames 0..t-1.
        prediction: (b, t, latent), M's means for frames 1..t.
    """

    code: Tensor
    prediction: Tensor


@torch.no_grad()
def encode_sequences(model: MetaWorldModel, world: str, packed: Tensor, actions: Tensor) -> Encoded:
    """Encode sequences (b, t, 512) uint8 with V of `world`; predict with M and actions (b, t)."""
    vision = model.vision(world)
    b, t = packed.shape[:2]
    codes = [
        vision.encode(vision.unpack(part))[0] for part in torch.split(packed.flatten(0, 1), BATCH)
    ]
    code = torch.cat(codes).view(b, t, -1)
    return Encoded(code, model.memory(code, actions)[0])


@torch.no_grad()
def decode(model: MetaWorldModel, world: str, z: Tensor) -> Tensor:
    """Decode latents (n, latent) with V of `world`: probabilities (n, 4096)."""
    vision = model.vision(world)
    return torch.cat([torch.sigmoid(vision.decode(part)) for part in torch.split(z, BATCH)])
