"""Deciphered latents as a guide: what pairs frame and code, with independent inputs."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.io.latents import Latents
from mwm.models.visions.base import sample_gaussian
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
        return (robust(errors) * self.known[rows]).mean()

    def draw(
        self,
        indices: NDArray[np.int64],
        z: Tensor,
        reference: Posterior,
        share: float,
        generator: torch.Generator,
    ) -> Tensor:
        """Samples z (n, latent) of V, of which a `share` is replaced by samples of the guide's.

        The decoder thus learns to draw a frame from the original's latent, also where the encoder
        is still astray. The spread is that of the original's codes.

        Args:
            indices: (n,) which frames of the world these are.
            z: what V has sampled for them.
            reference: of the original's V, for any frames.
            share: of the frames, from 0 to 1.
            generator: of what is drawn.
        """
        rows = torch.from_numpy(indices).to(self.values.device)
        chosen = torch.rand(len(z), generator=generator, device=z.device) < share
        spread = reference.log_variance.mean(0).expand_as(z)
        guided = sample_gaussian(self.values[rows], spread, generator)
        return torch.where((chosen & (self.known[rows] > 0))[:, None], guided, z)


def robust(squared: Tensor) -> Tensor:
    """Squared errors up to ROBUST, which grow like the error itself beyond: pseudo-Huber."""
    return 2 * ROBUST * ((1 + squared / ROBUST).sqrt() - 1)
