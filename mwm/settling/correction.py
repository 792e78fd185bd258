"""How codes are usually off, as a smooth function of the code."""

import torch
from torch import Tensor

from mwm.decipherment.features import Fourier

FEATURES, WIDTHS = 500, (0.5, 1.0, 2.0)
RIDGE = 1e-3
SEED = 0  # of the features


class Correction:
    """The mean change of a code, as a smooth function of the code.

    Args:
        z: (n, d), codes.
        change: (n, d), what changes in them.
        weights: (n,), how often they are met.
    """

    def __init__(self, z: Tensor, change: Tensor, weights: Tensor) -> None:
        self._basis = Fourier(z.shape[1], FEATURES, WIDTHS, SEED)
        features, weights = self._basis.affine(z), (weights / weights.sum())[:, None]
        gram = features.T @ (features * weights) + RIDGE * torch.eye(features.shape[1])
        self._map = torch.linalg.solve(gram, features.T @ (change * weights))

    def __call__(self, z: Tensor) -> Tensor:
        """The mean change (n, d) at codes z (n, d)."""
        change: Tensor = self._basis.affine(z) @ self._map
        return change
