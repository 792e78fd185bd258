"""Deciphered latents as a guide: what pairs frame and code, with independent inputs."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.io.latents import Latents
from mwm.training.constraints import Posterior

ROBUST = 0.1  # squared distance, in the finest deviations, from which errors count linearly


class Guide:
    """Draws the codes of one world to what they were deciphered to be, frame by frame.

    Attributes:
        known: (n,) float32, 1 for each frame of the world whose latent was deciphered, else 0.
        values: (n, latent) float32, those latents; 0 where nothing was deciphered.
    """

    def __init__(self, latents: Latents, count: int, latent: int, device: torch.device) -> None:
        """Hold the latents of a world of `count` frames in full, with `latent` dimensions."""
        self.known = torch.zeros(count)
        self.known[torch.from_numpy(latents.frames)] = 1.0
        self.values = torch.zeros(count, latent)
        rows = torch.from_numpy(latents.frames)[:, None]
        self.values[rows, torch.from_numpy(latents.dimensions)] = torch.from_numpy(latents.values)
        self.known, self.values = self.known.to(device), self.values.to(device)

    def distance(
        self, indices: NDArray[np.int64], posterior: Posterior, reference: Posterior
    ) -> Tensor:
        """How far codes are from the deciphered ones: a robust mean, over frames that have one.

        Dimensions count by the precision of the original's codes. The deciphered latents of single
        frames err, sometimes far; V, a smooth function of the frame, finds their middle.

        Args:
            indices: (n,) which frames of the world these are.
            posterior: of V, for these frames.
            reference: of the original's V, for any frames.
        """
        rows = torch.from_numpy(indices).to(self.values.device)
        precision = (-reference.log_variance).exp().mean(0)
        errors = (posterior.mean - self.values[rows]).square() @ (precision / precision.max())
        robust = 2 * ROBUST * ((1 + errors / ROBUST).sqrt() - 1)
        return (robust * self.known[rows]).mean()
