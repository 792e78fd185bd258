"""A world's latents, to which each pixel contributes."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mwm import ArtefactError
from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.models.codes import Codes
from mwm.settling.additive import Additive

FIRST, LATER = 5, 2  # rounds of a fit of latents, and of a change
HELD = 0.1  # least share of the actions in what a held pixel contributes; few of the ball have it


class Side(NamedTuple):
    """What is known of a world.

    Attributes:
        codes: of its frames, standardised as the original's.
        content: its frames.
        controlled: what the actions decide of the latents, in all or most of these frames: of the
            original's informative dimensions, in the order of the codes.
        latents: those of the same frames; None: the codes are right.
    """

    codes: Codes
    content: Frames
    controlled: Latents
    latents: Latents | None = None

    def check(self) -> None:
        """Raise an ArtefactError if what was deciphered is not of these codes."""
        codes, known = self.codes, self.controlled.frames
        fits = len(known) > 0 and bool(np.isin(known, codes.frames).all())
        for part in (self.controlled, self.latents or self.controlled):
            fits = fits and np.array_equal(part.frames, known)
            fits = fits and np.array_equal(part.dimensions, codes.dimensions.numpy())
        if not fits:
            raise ArtefactError(
                f"{self.content.attributes['world']}: expected latents deciphered of the frames "
                "that its V's codes are of, in the same dimensions, found others"
            )


class Sums:
    """Codes of a world's frames to which the pixels that differ from the background contribute.

    Attributes:
        held: (pixels,) bool, those whose contribution comes in good part from what actions decide;
            none unless latents were deciphered.
    """

    def __init__(self, codes: Codes, content: Frames, base: Tensor) -> None:
        """Begin with `base` (n, d), the codes of n frames to which nothing contributes yet."""
        self._codes, self._base = codes, base
        self._pixels = Additive(content.frames[codes.frames])
        self._contributions = torch.zeros(self._pixels.pixels + 1, base.shape[1])
        self.held = torch.zeros(self._pixels.pixels, dtype=torch.bool)

    @classmethod
    def deciphered(cls, side: Side) -> "Sums":
        """Sums from nothing that come nearest to the latents of a side.

        Raises:
            ArtefactError: what was deciphered is not of the side's codes.
        """
        side.check()
        codes = side.codes
        sums = cls(codes, side.content, torch.zeros_like(codes.z))
        at = torch.from_numpy(codes.frames.searchsorted(side.controlled.frames))
        controlled = torch.from_numpy(side.controlled.values) / codes.scale
        latents = codes.z[at]
        if side.latents:
            latents = (torch.from_numpy(side.latents.values) - codes.centre) / codes.scale
        acts, rest = (
            sums._fit(part, at, FIRST)[:-1].square() @ codes.precision
            for part in (controlled, latents - controlled)
        )
        sums.held = (acts >= HELD * (acts + rest)) & acts.any()  # none if actions decide nothing
        sums._contributions = sums._fit(latents, at, FIRST)
        return sums

    def read(self) -> Tensor:
        """The codes, (n, d)."""
        return self._base + self._pixels.read(self._contributions)

    def read_held(self) -> Tensor:
        """What held pixels contribute, and the mean of all else, (n, d).

        Without that mean they would depend on which pixels are taken to be the background.
        """
        held = self._contributions.clone()
        held[:-1] *= self.held[:, None]
        sums = self._pixels.read(held)
        return sums + (self.read() - sums).mean(0)

    def move(self, change: Tensor, at: Tensor) -> None:
        """Fit pixels that are not held to a change (n, d) of the frames `at`."""
        fit = self._fit(change[at], at, LATER)[:-1]
        self._contributions[:-1] += fit * ~self.held[:, None]

    def move_held(self, change: Tensor) -> None:
        """Fit pixels that are held, and the constant, to a change (n, d) of all frames."""
        fit = self._fit(change, torch.arange(len(change)), 1)
        fit[:-1] *= self.held[:, None]
        self._contributions += fit

    def _fit(self, values: Tensor, at: Tensor, rounds: int) -> Tensor:
        """Contributions (pixels + 1, d) whose sums come nearest to values (m, d) in frames `at`."""
        codes = self._codes
        everywhere, weights = torch.zeros_like(codes.z), torch.zeros(len(codes.z))
        everywhere[at], weights[at] = values, codes.weights[at].float()
        return self._pixels.fit(everywhere, weights, codes.precision, rounds)
