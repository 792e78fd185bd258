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


class Some(NamedTuple):
    """Some of a world's frames, in which contributions are fitted.

    Attributes:
        at: (m,) which of the codes' frames they are.
        pixels: of these frames.
        weights: (m,), how often they are met.
    """

    at: Tensor
    pixels: Additive
    weights: Tensor


class Sums:
    """Codes of a world's frames to which the pixels that differ from the background contribute.

    Attributes:
        base: (n, d), the codes to which they add; may be set anew.
        held: (pixels,) bool, those that contribute nothing.
    """

    def __init__(self, codes: Codes, content: Frames, base: Tensor) -> None:
        """Begin with `base` (n, d), the codes of n frames to which nothing contributes yet."""
        self.base, self._codes, self._packed = base, codes, content.frames[codes.frames]
        self._pixels = Additive(self._packed)
        self._contributions = torch.zeros(self._pixels.pixels + 1, base.shape[1])
        self.held = torch.zeros(self._pixels.pixels, dtype=torch.bool)

    def some(self, at: Tensor) -> Some:
        """The frames `at` (m,), for `move` and `split`."""
        pixels = Additive(self._packed[at.numpy()], self._pixels.background)
        return Some(at, pixels, self._codes.weights[at].float())

    def read(self) -> Tensor:
        """The codes, (n, d)."""
        return self.base + self.added()

    def added(self) -> Tensor:
        """What pixels contribute to them, (n, d)."""
        return self._pixels.read(self._contributions)

    def differ(self, groups: Tensor) -> Tensor:
        """In how many frames of each of k groups (n,) pixels differ from the background.

        Returns:
            (k, pixels) int64.
        """
        return self._pixels.differ(groups)

    def move(self, change: Tensor, some: Some, rounds: int = LATER) -> None:
        """Fit pixels to a change (m, d) of some frames."""
        self._contributions += self._fit(change, some, rounds)
        self.hold(self.held)

    def hold(self, pixels: Tensor) -> None:
        """Let pixels (pixels,) bool contribute nothing, now and later."""
        self.held = pixels
        self._contributions[:-1] *= ~pixels[:, None]

    def split(self, part: Tensor, some: Some, share: float) -> Tensor:
        """What pixels say of a part (m, d) of the codes that were fitted in some frames: (n, d).

        Only pixels of whose contributions it makes that share. The mean of what others say is
        added, or else the result would depend on which pixels are taken to be the background.
        """
        found = self._fit(part, some, FIRST)
        part, rest = (
            one[:-1].square() @ self._codes.precision
            for one in (found, self._contributions - found)
        )
        whole = self._pixels.read(found)
        found[:-1] *= ((part >= share * (part + rest)) & part.any())[:, None]
        sums = self._pixels.read(found)
        return sums + (whole - sums).mean(0)

    def _fit(self, values: Tensor, some: Some, rounds: int) -> Tensor:
        """Contributions (pixels + 1, d) whose sums come nearest to values (m, d) in some frames."""
        return some.pixels.fit(values, some.weights, self._codes.precision, rounds)
