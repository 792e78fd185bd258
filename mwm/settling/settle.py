"""Settle latents: what frames show and what the frames around them allow, in turn.

A chain reads some flights of the ball a step early: as a part of the play that seldom meets the
rest, they are nearly as likely so. But the same pixels are on where other flights pass, and those
are read right. So latents are made sums of what each pixel contributes; the smoother mends these
codes where they do not fit those around them; and each pixel's contribution follows, until flights
agree. A V that was recruited by such latents errs less and in the same way. Its codes are mended
alike: sums are added to them.
"""

from dataclasses import replace
from itertools import cycle, islice

import torch
from torch import Tensor

from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.models.codes import Codes
from mwm.settling.drift import Drift
from mwm.settling.sums import Side, Sums
from mwm.settling.transport import transport
from mwm.smoothing.smoother import REACH, Smoother, once

PASSES = 20  # of the smoother over deciphered latents
AGAIN = 8  # over codes of a V that was recruited
BEYOND = 1.4  # times what the smoother changes; it does too little, and twice as much diverges
FRAMES = 60_000  # that it mends in a pass, at most; the next pass mends others


@torch.no_grad()
def settle(smoother: Smoother, original: Side, other: Side) -> Latents:
    """Deciphered latents of another world's frames, those its codes are of, settled.

    What the actions decide was found apart from the rest, by actions, and the smoother would blur
    what it cannot know better. So pixels that show it are held. In the end they move together, so
    that what they contribute to frames is distributed as in the original.

    Args:
        smoother: as trained on the original's codes.
        original: whose latents are right.
        other: what was deciphered of it; what its own V makes of its frames does not matter.

    Raises:
        ArtefactError: what was deciphered is not of the codes.
    """
    drift, reference = _right(smoother, original)
    theirs = Sums.deciphered(other)
    _mend(smoother, theirs, other.codes, drift, PASSES)
    if reference is not None and theirs.held.any():
        scale = other.codes.precision.sqrt()
        theirs.move_held(transport(theirs.read_held() * scale, reference * scale) / scale)
    return _latents(theirs, other.codes)


@torch.no_grad()
def mend(smoother: Smoother, original: Codes, codes: Codes, content: Frames) -> Latents:
    """What a V that was recruited makes of another world's frames, settled.

    Args:
        smoother: as trained on the original's codes.
        original: those codes.
        codes: of the other world, standardised as those.
        content: its frames.
    """
    sums = Sums(codes, content, codes.z)
    _mend(smoother, sums, codes, _drift(smoother, original, original.z), AGAIN)
    return _latents(sums, codes)


def _mend(smoother: Smoother, sums: Sums, codes: Codes, drift: Drift, passes: int) -> None:
    for mended in islice(cycle(_parts(codes)), passes):
        z = sums.read()
        change = once(smoother, replace(codes, z=z), mended) - z
        change[mended] -= drift(z[mended])
        sums.move(BEYOND * change, mended)


def _latents(sums: Sums, codes: Codes) -> Latents:
    values = sums.read() * codes.scale + codes.centre
    return Latents(codes.frames, values.numpy(), codes.dimensions.numpy())


def _right(smoother: Smoother, original: Side) -> tuple[Drift, Tensor | None]:
    """What the smoother does to sums that are right, and what their held pixels contribute."""
    sums = Sums.deciphered(original)
    drift = _drift(smoother, original.codes, sums.read())
    return drift, sums.read_held() if sums.held.any() else None


def _drift(smoother: Smoother, codes: Codes, z: Tensor) -> Drift:
    """What a pass changes on average in codes z that are right."""
    mended = _parts(codes)[0]
    change = once(smoother, replace(codes, z=z), mended) - z
    return Drift(z[mended], change[mended], codes.weights[mended].float())


def _parts(codes: Codes) -> list[Tensor]:
    """Frames that have a whole window in their episode, in parts of at most FRAMES."""
    whole = codes.indices(REACH, REACH)
    count = len(whole) // FRAMES + 1
    return [whole[part::count] for part in range(count)]
