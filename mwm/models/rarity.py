"""How rarely pixels differ from the background, and the weights of pixels and frames by that.

The ball is 4 of 4,096 pixels: where all pixels weigh the same, its loss drowns in that of the bats,
and V learns where random play put the ball, not the ball. The statistic is a pixel's own, so that a
world that moves or inverts pixels gives the same weights to the same objects.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

USUAL = 0.05  # share of frames from which a pixel that differs is rare
MOST = 6.0  # largest weight of a pixel; more costs the bats
FLOOR = 1e-4  # added to shares: a pixel that was never seen to differ has some
PART = 4000  # frames unpacked at once


class Usual(NamedTuple):
    """What frames of a world look like, pixel by pixel.

    Attributes:
        background: (512,) uint8, packed: the most frequent value of each pixel.
        share: (4096,) float64: of the frames, those in which the pixel differs from it.
    """

    background: NDArray[np.uint8]
    share: NDArray[np.float64]


def usual(packed: NDArray[np.uint8]) -> Usual:
    """The background of frames (n, 512), and how often each pixel differs from it."""
    ones = np.zeros(8 * packed.shape[1], np.int64)
    for part in _parts(packed):
        ones += np.unpackbits(part, axis=1).sum(axis=0, dtype=np.int64)
    common = 2 * ones > len(packed)
    return Usual(np.packbits(common), np.minimum(ones, len(packed) - ones) / len(packed))


def pixel_weights(share: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """(4096,): (USUAL / share) ** exponent, within 1 and MOST; exponent 0: all alike."""
    return np.clip((USUAL / (share + FLOOR)) ** exponent, 1.0, MOST)


def frame_weights(packed: NDArray[np.uint8], known: Usual, exponent: float) -> NDArray[np.float64]:
    """(n,): of frames (n, 512), 1 / share of the rarest pixel that differs, to the exponent.

    A frame without such a pixel weighs 1, the least.
    """
    rarity = 1 / (known.share + 2 * FLOOR)
    weights = []
    for part in _parts(packed):
        on = np.flatnonzero(np.unpackbits(part ^ known.background).view(bool))
        frame, pixel = np.divmod(on, len(rarity))
        rarest = np.ones(len(part))
        starts = np.flatnonzero(np.diff(frame, prepend=-1))
        if len(starts):
            rarest[frame[starts]] = np.maximum.reduceat(rarity[pixel], starts)
        weights.append(rarest)
    return np.concatenate(weights) ** exponent


def _parts(packed: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return np.split(packed, range(PART, len(packed), PART))
