"""What a V that is partly astray may make of the original's frames: codes for a smoother to mend.

A V whose codes are nearly those of the original's errs where it has seen little: it overlooks what
is rare in a frame, or takes it to be elsewhere. Frames that differ in that alone are made from the
original's own by their pixels' statistics, without a word about what the pixels show.
"""

from collections.abc import Iterator
from itertools import chain

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


def misread(vision: Vision, content: Frames, codes: Codes) -> Tensor:
    """Codes (k, n, d) of what `pictures` makes of the frames.

    Args:
        vision: V of the original.
        content: its frames.
        codes: of some of them, n.
    """
    return torch.stack(
        [
            (means_of(vision, picture)[0][:, codes.dimensions] - codes.centre) / codes.scale
            for picture in pictures(content.frames[codes.frames])
        ]
    )


def pictures(packed: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Packed frames (n, 512) without their rare pixels, then with those of other frames instead."""
    known = rarity.usual(packed)
    rare = np.packbits(known.share < SELDOM)
    elsewhere = (np.roll(packed, len(packed) // part, axis=0) for part in AWAY)
    others = chain([known.background], elsewhere)  # one after the other: they are large
    return ((packed & ~rare) | (other & rare) for other in others)
