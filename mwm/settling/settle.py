"""Settle latents: what frames show and what the frames around them allow, in turn.

A chain reads some flights of the ball a step early: as a part of the play that seldom meets the
rest, they are nearly as likely so. But the same pixels are on where other flights pass, and those
are read right. So latents are made sums of what each pixel contributes; the smoother mends these
codes where they do not fit those around them; and each pixel's contribution follows, until flights
agree. In between, what comes again is read by how often it does (`motifs`). What the actions decide
is read anew instead (`patterns`), and stays.

A V that was recruited by such latents errs less and in the same way. Its codes are mended alike:
sums are added to them.
"""

from dataclasses import replace
from functools import cached_property
from itertools import cycle, islice

import torch
from torch import Tensor

from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.models.codes import Codes
from mwm.settling import motifs
from mwm.settling.correction import Correction
from mwm.settling.patterns import match, tell_apart
from mwm.settling.remainder import Remainder
from mwm.settling.side import Side
from mwm.settling.sums import Sums
from mwm.smoothing.smoother import REACH, Smoother, once

PASSES = 8  # of the smoother over deciphered latents
AGAIN = 4  # over codes of a V that was recruited
OFTEN = 2  # passes after which motifs are read
BEYOND = 1.4  # times what the smoother changes; it does too little, and twice as much diverges
FRAMES = 60_000  # that it mends in a pass, at most; the next pass mends others
SPARED = 0.01  # directions of z with this share of the variance between patterns are not mended


class Settler:
    """Settles the original's latents in frames of other worlds, by what is known at home."""

    @torch.no_grad()
    def __init__(self, smoother: Smoother, original: Side) -> None:
        """Learn what patterns and pixels contribute to the original's codes.

        Args:
            smoother: as trained on these codes.
            original: whose codes are right. If it is not known what actions decide there, it is not
                read anew elsewhere.

        Raises:
            ArtefactError: what was deciphered is not of the codes.
        """
        self._smoother, self._codes, self._known = smoother, original.codes, tell_apart(original)
        rest = self._known.rest.added()
        rest -= rest.mean(0)
        self._contributed = self._known.means(self._codes.z - rest)
        decided = self._contributed[self._known.of]
        self._sums = decided + rest
        self._spared = _directions(decided, self._codes.precision.sqrt())
        self._motifs = motifs.sort(self._known.rest)

    @torch.no_grad()
    def settle(self, other: Side) -> Latents:
        """Deciphered latents of another world's frames, those its codes are of, settled.

        Args:
            other: what was deciphered of it; what its own V makes of its frames does not matter.

        Raises:
            ArtefactError: what was deciphered is not of the codes.
        """
        found = tell_apart(other)
        sums = found.rest
        decided = (match(self._known, found) @ self._contributed)[found.of]
        # The mean is that of patterns in their directions, and of what was deciphered elsewhere.
        sums.base = decided - sums.added().mean(0)
        off = (other.z - sums.read()[other.at]).mean(0)
        sums.base = sums.base + off - off @ self._spared
        self._mend(sums, other.codes, self._sums, PASSES)
        z = sums.read()
        return _latents(z + self._left_out(z), other.codes)

    @torch.no_grad()
    def mend(self, codes: Codes, content: Frames) -> Latents:
        """What a V that was recruited makes of another world's frames, settled.

        Args:
            codes: of the other world, standardised as the original's.
            content: its frames.
        """
        sums = Sums(codes, content, codes.z)
        self._mend(sums, codes, self._codes.z, AGAIN)
        return _latents(sums.read(), codes)

    def _mend(self, sums: Sums, codes: Codes, right: Tensor, passes: int) -> None:
        """Mend a world's codes by what is known of the original's, of which `right` are right."""
        seen, drift = motifs.sort(sums), self._drift(right)
        samples = [sums.sample(part) for part in _parts(codes)]
        for turn, part in enumerate(islice(cycle(samples), passes), start=1):
            z, at = sums.read(), part.at
            change = once(self._smoother, replace(codes, z=z), at)[at] - z[at]
            change -= drift(z[at])
            sums.move(BEYOND * (change - change @ self._spared), part)
            if turn % OFTEN == 0:
                change = motifs.change(self._motifs, right, seen, sums.read())
                sums.base = sums.base + change - change @ self._spared

    def _drift(self, z: Tensor) -> Correction:
        """What a pass changes on average in codes z of the original, which are right."""
        mended = _parts(self._codes)[0]
        change = once(self._smoother, replace(self._codes, z=z), mended)[mended] - z[mended]
        return Correction(z[mended], change, self._codes.weights[mended].float())

    @cached_property
    def _left_out(self) -> Remainder:
        """What sums leave out of the original's codes."""
        return Remainder(self._sums, self._codes)


def _directions(values: Tensor, scale: Tensor) -> Tensor:
    """The projection (d, d) on the few directions in which values (n, d) differ, in this scale."""
    variance, directions = torch.linalg.eigh(torch.cov((values * scale).T, correction=0).double())
    spared = directions[:, variance > SPARED * variance.sum()].float()
    projection: Tensor = scale[:, None] * (spared @ spared.T) / scale
    return projection


def _latents(z: Tensor, codes: Codes) -> Latents:
    values = z * codes.scale + codes.centre
    return Latents(codes.frames, values.numpy(), codes.dimensions.numpy())


def _parts(codes: Codes) -> list[Tensor]:
    """Frames that have a whole window in their episode, in parts of at most FRAMES."""
    whole = codes.indices(REACH, REACH)
    count = len(whole) // FRAMES + 1
    return [whole[part::count] for part in range(count)]
