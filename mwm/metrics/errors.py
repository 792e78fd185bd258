"""Pixel errors between decoded and real frames, and alignment, which compares them."""

import torch
from torch import Tensor

from mwm.models.visions.base import unpack_bits

BATCH = 2000  # frames handled at once: (2000, 4096) float32 are 32 MB


def squared_error(probabilities: Tensor, packed: Tensor) -> float:
    """Sum of squared differences per frame, mean over frames: (n, 4096) against (n, 512) uint8."""
    total = 0.0
    for p, x in zip(torch.split(probabilities, BATCH), torch.split(packed, BATCH), strict=True):
        total += (p - unpack_bits(x)).square().sum(dtype=torch.float64).item()
    return total / len(packed)


def alignment(transfer: float, reconstruction: float, chance: float) -> float:
    """1: as good as the world's own code; 0: no better than the code of an unrelated frame.

    Also 0 where the world's own code is less than 1% better than an unrelated one: then nothing is
    represented, and the quotient would be noise.
    """
    if chance - reconstruction < 0.01 * chance:
        return 0.0
    return 1 - (transfer - reconstruction) / (chance - reconstruction)
