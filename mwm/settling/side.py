"""A world as it is settled, or as others are settled by it."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mwm import ArtefactError
from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.models.codes import Codes


class Side(NamedTuple):
    """What is known of a world.

    Attributes:
        codes: of its frames, standardised as the original's.
        content: its frames.
        controlled: what the actions decide of the latents, in all or most of these frames: of the
            original's informative dimensions, in the order of the codes; None: it is not known.
        latents: those of the same frames; None: the codes are right.
    """

    codes: Codes
    content: Frames
    controlled: Latents | None = None
    latents: Latents | None = None

    def check(self) -> None:
        """Raise an ArtefactError if what was deciphered is not of these codes."""
        codes, parts = self.codes, [part for part in self[2:] if part is not None]
        fits = True
        for part in parts:
            fits = fits and len(part.frames) > 0 and bool(np.isin(part.frames, codes.frames).all())
            fits = fits and np.array_equal(part.frames, parts[0].frames)
            fits = fits and np.array_equal(part.dimensions, codes.dimensions.numpy())
        if not fits:
            raise ArtefactError(
                f"{self.content.attributes['world']}: expected latents deciphered of the frames "
                "that its V's codes are of, in the same dimensions, found others"
            )

    @property
    def at(self) -> Tensor:
        """(m,) which of the codes' frames were deciphered."""
        known = self.controlled or self.latents
        frames = self.codes.frames if known is None else known.frames
        return torch.from_numpy(self.codes.frames.searchsorted(frames))

    @property
    def decided(self) -> Tensor:
        """(m, d), what the actions decide of their latents, standardised."""
        if self.controlled is None:
            return torch.zeros_like(self.z)
        return torch.from_numpy(self.controlled.values) / self.codes.scale

    @property
    def z(self) -> Tensor:
        """(m, d), their latents, standardised."""
        if self.latents is None:
            return self.codes.z[self.at]
        return (torch.from_numpy(self.latents.values) - self.codes.centre) / self.codes.scale
