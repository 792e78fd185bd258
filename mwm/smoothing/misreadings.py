"""What a V that is partly astray may make of the original's frames: codes for a smoother to mend.

A V whose codes are nearly those of the original's errs where it has seen little: it overlooks what
is rare in a frame, or takes it to be elsewhere, or where it is a part of a step before or after.
Frames that differ in that alone are made from the original's own by their pixels' statistics,
without a word about what the pixels show.
"""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.io.frames import Frames
from mwm.models import rarity
from mwm.models.codes import Codes, means_of
from mwm.models.visions.base import Vision

SELDOM = 0.03  # share of frames below which a pixel that differs from the background is rare
AWAY = (3, 5, 7)  # the frames whose rare pixels take the place: a third of all frames on, ...
BESIDE = (1, -1)  # or the frame after, or the one before


class Misread(NamedTuple):
    """Codes of what n frames may be taken for.

    Attributes:
        elsewhere: (k, n, d), without their rare pixels, or with those of other moments instead.
        beside: (2, n, d), with the rare pixels of the frame after, and of the one before.
    """

    elsewhere: Tensor
    beside: Tensor


def misread(vision: Vision, content: Frames, codes: Codes) -> Misread:
    """What V of the original makes of its frames when they are misread.

    Args:
        vision: V of the original.
        content: its frames.
        codes: of some of them, n.
    """
    packed = content.frames[codes.frames]
    parts = [means_of(vision, one)[0][:, codes.dimensions] for one in pictures(packed)]
    every = (torch.stack(parts) - codes.centre) / codes.scale
    return Misread(every[: -len(BESIDE)], every[-len(BESIDE) :])


def pictures(packed: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Packed frames (n, 512) without their rare pixels, then with those of other frames instead.

    The others are AWAY, then BESIDE; the ends of an episode get those of another.
    """
    known = rarity.usual(packed)
    rare = np.packbits(known.share < SELDOM)
    by = [*(len(packed) // part for part in AWAY), *(-one for one in BESIDE)]
    elsewhere = (np.roll(packed, one, axis=0) for one in by)
    others = chain([known.background], elsewhere)  # one after the other: they are large
    return ((packed & ~rare) | (other & rare) for other in others)
