"""Settle deciphered latents: what frames show and what the frames around them allow, in turn.

A chain reads some flights of the ball a step early: as a part of the play that seldom meets the
rest, they are nearly as likely so. But the same pixels are on where other flights pass, and those
are read right. So latents are made sums of what each pixel contributes; the smoother mends these
codes where they do not fit those around them; and each pixel's contribution follows, until flights
agree.
"""

from dataclasses import replace
from itertools import cycle, islice

import torch
from torch import Tensor

from mwm.io.latents import Latents
from mwm.models.codes import Codes
from mwm.settling.drift import Drift
from mwm.settling.sums import Side, Sums
from mwm.settling.transport import transport
from mwm.smoothing.smoother import REACH, Smoother, once

PASSES = 16  # of the smoother
FRAMES = 60_000  # that it mends in a pass, at most; the next pass mends others


@torch.no_grad()
def settle(smoother: Smoother, original: Side, other: Side) -> Latents:
    """Latents of all of another world's frames.

    What the actions decide was found apart from the rest, by actions, and the smoother would blur
    what it cannot know better. So pixels that show it are held. In the end they move together, so
    that what they contribute to frames is distributed as in the original.

    Args:
        smoother: as trained on the original's codes.
        original: whose latents are right.
        other: what was deciphered of it; what its own V makes of its frames does not matter.
    """
    ours, theirs = Sums(original), Sums(other)
    drift = _drift(smoother, original.codes, ours.read())
    codes = other.codes
    for mended in islice(cycle(_parts(codes)), PASSES):
        z = theirs.read()
        change = once(smoother, replace(codes, z=z), mended) - z
        change[mended] -= drift(z[mended])
        theirs.move(change, mended)
    if ours.held.any() and theirs.held.any():
        scale = codes.precision.sqrt()
        theirs.move_held(transport(theirs.read_held() * scale, ours.read_held() * scale) / scale)
    values = theirs.read() * codes.scale + codes.centre
    return Latents(codes.frames, values.numpy(), codes.dimensions.numpy())


def _drift(smoother: Smoother, codes: Codes, z: Tensor) -> Drift:
    """What a pass changes on average in sums z that are right."""
    mended = _parts(codes)[0]
    change = once(smoother, replace(codes, z=z), mended) - z
    return Drift(z[mended], change[mended], codes.weights[mended].float())


def _parts(codes: Codes) -> list[Tensor]:
    """Frames that have a whole window in their episode, in parts of at most FRAMES."""
    whole = codes.indices(REACH, REACH)
    count = len(whole) // FRAMES + 1
    return [whole[part::count] for part in range(count)]
