"""A world's latents as sums of what each pixel contributes."""

from typing import NamedTuple

import torch
from torch import Tensor

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


class Sums:
    """Sums that come nearest to the latents of a side, standardised.

    Attributes:
        held: (pixels,) bool, those whose contribution comes in good part from what actions decide.
    """

    def __init__(self, side: Side) -> None:
        codes, frames = side.codes, side.controlled.frames
        self._codes = codes
        self._pixels = Additive(side.content.frames[codes.frames])
        at = torch.from_numpy(codes.frames.searchsorted(frames))
        controlled = torch.from_numpy(side.controlled.values) / codes.scale
        latents = codes.z[at]
        if side.latents:
            latents = (torch.from_numpy(side.latents.values) - codes.centre) / codes.scale
        acts, rest = (
            self._fit(part, at, FIRST)[:-1].square() @ codes.precision
            for part in (controlled, latents - controlled)
        )
        self.held = (acts >= HELD * (acts + rest)) & acts.any()  # none if actions decide nothing
        self._contributions = self._fit(latents, at, FIRST)

    def read(self) -> Tensor:
        """The sums, (n, d) of n frames."""
        return self._pixels.read(self._contributions)

    def read_held(self) -> Tensor:
        """The sums of the held pixels alone, and the constant, (n, d)."""
        held = self._contributions.clone()
        held[:-1] *= self.held[:, None]
        return self._pixels.read(held)

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
