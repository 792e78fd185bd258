"""Deciphered latents as a guide: what pairs frame and code, with independent inputs."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.io.latents import Latents
from mwm.training.constraints import Posterior

ROBUST = 0.1  # squared distance, in the finest deviations, from which errors count linearly


class Guide:
    """Draws codes to what they were deciphered to be, frame by frame."""

    def __init__(self, latents: Latents, frames: int, size: int, device: torch.device) -> None:
        """Hold the latents of a world of `frames` frames in full, with `size` dimensions."""
        self.known = torch.zeros(frames)
        self.known[torch.from_numpy(latents.frames)] = 1.0
        self.values = torch.zeros(frames, size)
        rows = torch.from_numpy(latents.frames)[:, None]
        self.values[rows, torch.from_numpy(latents.dimensions)] = torch.from_numpy(latents.values)
        self.known, self.values = self.known.to(device), self.values.to(device)

    def pull(
        self, indices: NDArray[np.int64], posterior: Posterior, reference: Posterior
    ) -> Tensor:
        """How far codes are from the deciphered ones: a robust mean, over frames that have one.

        Dimensions count by the precision of the original's codes. The deciphered latents of single
        frames err, sometimes far; V, a smooth function of the frame, finds their middle.

        Args:
            indices: (n,) places of the frames.
            posterior: of V, for these frames.
            reference: of the original's V, for any frames.
        """
        places = torch.from_numpy(indices).to(self.values.device)
        precision = (-reference.log_variance).exp().mean(0)
        errors = (posterior.mean - self.values[places]).square() @ (precision / precision.max())
        robust = 2 * ROBUST * ((1 + errors / ROBUST).sqrt() - 1)
        return (robust * self.known[places]).mean()
