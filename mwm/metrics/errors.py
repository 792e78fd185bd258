"""Pixel errors between decoded and real frames, and alignment, which compares them."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from mwm.models.encoding import BATCH
from mwm.models.visions.base import unpack_bits


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

    Args:
        transfer: squared error of another world's code, decoded here.
        reconstruction: that of the world's own code.
        chance: that of its own code of an unrelated frame.
    """
    if chance - reconstruction < 0.01 * chance:
        return 0.0
    return 1 - (transfer - reconstruction) / (chance - reconstruction)


def rounded(row: Mapping[str, float | None]) -> dict[str, float | None]:
    """To six decimals, more than any metric means; NaN becomes None, an empty cell."""
    return {
        name: None if value is None or math.isnan(value) else round(value, 6)
        for name, value in row.items()
    }
