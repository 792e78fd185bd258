"""Frames read additively: a code as the sum of what each pixel contributes.

V's codes are nearly such sums of the pixels that differ from the background, since each object
moves by itself. So where a code was misread in some of the frames that show a pixel, the others
outvote them. That holds in every world that moves or inverts pixels.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from mwm.models import rarity

RIDGE = 10.0  # frames without a contribution that are added for each pixel
STEPS = 30  # of the conjugate gradients
PART = 4000  # frames unpacked at once
TINY = 1e-20  # in divisions where nothing may be left to fit


class Lists(NamedTuple):
    """For each of n rows, which entries it has: those from its start to the next row's.

    Attributes:
        entries: (e,) int32.
        starts: (n,) int32.
    """

    entries: Tensor
    starts: Tensor

    def sums(self, x: Tensor) -> Tensor:
        """For each row, the sum of x (entries, d) over what it has: (n, d)."""
        return embedding_bag(self.entries, x, self.starts, mode="sum")


class Additive:
    """Linear functions of the pixels that differ from the background, and a constant.

    Args:
        packed: (n, 512) uint8, packed frames of one world.
        background: (512,) uint8, packed: that of the world; None: that of these frames.
    """

    def __init__(
        self, packed: NDArray[np.uint8], background: NDArray[np.uint8] | None = None
    ) -> None:
        self.frames, self.pixels = len(packed), 8 * packed.shape[1]
        self.background = rarity.usual(packed).background if background is None else background
        frames, pixels = [], []
        for start in range(0, self.frames, PART):
            bits = np.unpackbits(packed[start : start + PART] ^ self.background)
            # flat and of booleans: five times as fast as by rows or of numbers
            frame, pixel = np.divmod(np.flatnonzero(bits.view(bool)), self.pixels)
            frames.append(frame + start)
            pixels.append(pixel)
        frame, pixel = np.concatenate(frames), np.concatenate(pixels)
        self._of_frames = _lists(frame, pixel, self.frames)
        order = np.argsort(pixel, kind="stable")
        self._of_pixels = _lists(pixel[order], frame[order], self.pixels)

    def read(self, contributions: Tensor) -> Tensor:
        """The sums (n, d) of contributions (pixels + 1, d), of which the last is the constant."""
        return self._of_frames.sums(contributions[:-1]) + contributions[-1]

    def differ(self, groups: Tensor) -> Tensor:
        """In how many frames of each of k groups (n,) a pixel is listed: (k, pixels) int64."""
        frames, pixels, k = self._of_frames, self.pixels, int(groups.max()) + 1
        each = torch.diff(frames.starts, append=torch.tensor([len(frames.entries)]))
        pairs = groups.repeat_interleave(each) * pixels + frames.entries
        return torch.bincount(pairs, minlength=k * pixels).view(k, pixels)

    def fit(self, values: Tensor, weights: Tensor, precision: Tensor, rounds: int) -> Tensor:
        """The contributions (pixels + 1, d) whose sums come nearest to values (n, d).

        Ridge regression by conjugate gradients, preconditioned by the diagonal.

        Args:
            values: what is fitted.
            weights: (n,) of the frames; 0 leaves a frame out.
            precision: (d,) by which squared errors of a frame add up.
            rounds: in turn; each trusts less the frames that the one before fitted badly.
        """
        contributions = torch.zeros(self.pixels + 1, values.shape[1])
        trust = torch.ones(self.frames)
        for _ in range(rounds):
            trusted = (weights * trust)[:, None]
            trusted = trusted / trusted.mean()
            contributions = self._solve(contributions, values, trusted)
            errors = (values - self.read(contributions)).square() @ precision
            usual = ((errors * weights).sum() / weights.sum()).clamp(min=TINY)
            trust = 1 / (1 + errors / usual)
        return contributions

    def _solve(self, x: Tensor, values: Tensor, weights: Tensor) -> Tensor:
        """Some steps from x (pixels + 1, d) to the solution of the normal equations."""
        ridge = torch.full((self.pixels + 1, 1), RIDGE)
        ridge[-1] = 0
        residual = self._collect(weights * (values - self.read(x))) - ridge * x
        diagonal = self._collect(weights) + ridge
        scaled = residual / diagonal
        direction, size = scaled, (residual * scaled).sum(0)
        for _ in range(STEPS):
            product = self._collect(weights * self.read(direction)) + ridge * direction
            step = size / (direction * product).sum(0).clamp(min=TINY)
            x, residual = x + step * direction, residual - step * product
            scaled = residual / diagonal
            before, size = size, (residual * scaled).sum(0)
            direction = scaled + size / before.clamp(min=TINY) * direction
        return x

    def _collect(self, x: Tensor) -> Tensor:
        """The transpose of `read`: for each pixel, the sum of x (n, d) over the frames with it."""
        return torch.cat([self._of_pixels.sums(x), x.sum(0, keepdim=True)])


def _lists(rows: NDArray[np.int64], entries: NDArray[np.int64], count: int) -> Lists:
    """Of pairs in the order of their rows, which are below `count`."""
    starts = np.searchsorted(rows, np.arange(count))
    return Lists(*(torch.from_numpy(one.astype(np.int32)) for one in (entries, starts)))
