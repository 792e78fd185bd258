"""Settle deciphered latents: what frames show and what the frames around them allow, in turn.

A chain reads some flights of the ball a step early: as a part of the play that seldom meets the
rest, they are nearly as likely so. But the same pixels are on where other flights pass, and those
are read right. So latents are made sums of what each pixel contributes; the smoother mends these
codes where they do not fit those around them; and each pixel's contribution follows, until flights
agree.
"""

from dataclasses import replace

import torch
from torch import Tensor

from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.models.codes import Codes
from mwm.settling.additive import Additive
from mwm.smoothing.smoother import REACH, Smoother, once

PASSES = 16  # of the smoother
FRAMES = 60_000  # that it mends in a pass, at most; the next pass mends others
FIRST, LATER = 5, 2  # rounds of a fit of latents, and of a change


@torch.no_grad()
def settle(
    smoother: Smoother, other: Codes, content: Frames, latents: Latents, controlled: Latents
) -> Latents:
    """Latents of all of another world's frames.

    Args:
        smoother: as trained on the original's codes.
        other: the frames that the other world sees; what its V makes of them does not matter, but
            its dimensions and standardisation must be those of the original's codes.
        content: the world's frames.
        latents: as deciphered, for most of these frames: the original's informative dimensions, in
            the order of its codes.
        controlled: the part of them that the actions decide. It was found apart from the rest, by
            actions, and pixels that contribute more to it than to the rest stay as they are: the
            smoother would blur what it cannot know better.
    """
    pixels = Additive(content.frames[other.frames])
    at = torch.from_numpy(other.frames.searchsorted(latents.frames))
    known = _weights(other, at)

    def fitted(values: Tensor) -> Tensor:
        everywhere = torch.zeros_like(other.z)
        everywhere[at] = values
        return pixels.fit(everywhere, known, other.precision, FIRST)

    found = (torch.from_numpy(latents.values) - other.centre) / other.scale
    decided = torch.from_numpy(controlled.values) / other.scale
    rest, acts = (
        fitted(part)[:-1].square() @ other.precision for part in (found - decided, decided)
    )
    moves = torch.cat([rest > acts, torch.zeros(1)])[:, None]  # the constant stays, too
    contributions = fitted(found)
    whole = other.indices(REACH, REACH)
    parts = 1 + len(whole) // FRAMES
    for number in range(PASSES):
        mended = whole[number % parts :: parts]
        z = pixels.read(contributions)
        change = once(smoother, replace(other, z=z), mended) - z
        fit = pixels.fit(change, _weights(other, mended), other.precision, LATER)
        contributions += moves * fit
    values = pixels.read(contributions) * other.scale + other.centre
    return Latents(other.frames, values.numpy(), latents.dimensions)


def _weights(codes: Codes, at: Tensor) -> Tensor:
    """The weights (n,) of the frames `at`, and 0 of the others."""
    weights = torch.zeros(len(codes.z))
    weights[at] = codes.weights[at].float()
    return weights
