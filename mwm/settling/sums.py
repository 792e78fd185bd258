"""A world's latents, to which each pixel contributes."""

from typing import NamedTuple

import torch
from torch import Tensor

from mwm.io.frames import Frames
from mwm.models.codes import Codes
from mwm.settling.additive import Additive

FIRST, LATER = 5, 2  # rounds of a fit of latents, and of a change
KEYS, SEED = 2**40, 0  # random numbers of pixels, whose sums tell frames apart


class Sample(NamedTuple):
    """Those of a world's frames in which contributions are fitted.

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

    def sample(self, at: Tensor) -> Sample:
        """The frames `at` (m,), to fit what pixels contribute there."""
        pixels = Additive(self._packed[at.numpy()], self._pixels.background)
        return Sample(at, pixels, self._codes.weights[at].float())

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

    def alike(self, rare: float) -> Tensor:
        """Which frames show the same rare pixels: (n,) int64, -1 for those that show none.

        Args:
            rare: largest share of the frames in which a pixel that counts is shown.
        """
        once = self.differ(torch.zeros(len(self.base), dtype=torch.int64))[0]
        chance = torch.Generator().manual_seed(SEED)
        keys = torch.randint(1, KEYS, once.shape, generator=chance).double()
        keys[once > rare * len(self.base)] = 0
        # Sums of whole numbers this small are exact, so that the same pixels have the same.
        found = self._pixels.read(torch.cat([keys, torch.zeros(1)])[:, None])[:, 0]
        alike: Tensor = torch.unique(found, return_inverse=True)[1]
        return alike.where(found > 0, -1)

    def move(self, change: Tensor, sample: Sample, rounds: int = LATER) -> None:
        """Fit pixels to a change (m, d) of the codes of a sample."""
        self._contributions += self._fit(change, sample, rounds)
        self.hold(self.held)

    def hold(self, pixels: Tensor) -> None:
        """Let pixels (pixels,) bool contribute nothing, now and later."""
        self.held = pixels
        self._contributions[:-1] *= ~pixels[:, None]

    def split(self, part: Tensor, sample: Sample, share: float) -> Tensor:
        """What pixels say of a part (m, d) of the codes of a sample that was fitted: (n, d).

        Only pixels count in whose contributions the part has that share. The mean of what others
        say is added, or else the result would depend on what is taken to be the background.
        """
        found = self._fit(part, sample, FIRST)
        part, rest = (
            one[:-1].square() @ self._codes.precision
            for one in (found, self._contributions - found)
        )
        whole = self._pixels.read(found)
        found[:-1] *= ((part >= share * (part + rest)) & part.any())[:, None]
        sums = self._pixels.read(found)
        return sums + (whole - sums).mean(0)

    def _fit(self, values: Tensor, sample: Sample, rounds: int) -> Tensor:
        """Contributions (pixels + 1, d) whose sums come nearest to values (m, d) in a sample."""
        return sample.pixels.fit(values, sample.weights, self._codes.precision, rounds)
