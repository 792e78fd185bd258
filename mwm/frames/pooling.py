"""Any-pooling of binary pictures to 64 x 64 packed bits: not even one pixel is ever lost."""

import math

import numpy as np
from numpy.typing import NDArray

from mwm.store import SIDE


def any_pool(masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pool (n, height, width) masks, height and width at least 64, to (n, 512) packed frames.

    Pixel (i, j) is on if any mask pixel is on within rows floor(i * height / 64) to
    ceil((i + 1) * height / 64) and the columns likewise: adaptive max pooling. The windows overlap
    where the size is no multiple of 64.
    """
    n, _, width = masks.shape
    # Rows first, on packed bits: eight pixels in one OR.
    rows = np.unpackbits(_pool(np.packbits(masks, axis=2)), axis=2, count=width)
    pixels = _pool(rows.reshape(n * SIDE, width))
    return np.packbits(pixels.reshape(n, SIDE * SIDE), axis=1)


def _pool(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """OR axis 1 of (n, length, ...) down to (n, 64, ...).

    The windows repeat every length / gcd(length, 64) cells (160: five cells, two windows), so each
    of the few windows in a period is ORed for all periods in one strided operation.
    """
    n, length, *rest = cells.shape
    periods = math.gcd(length, SIDE)
    windows = SIDE // periods
    source = cells.reshape(n, periods, length // periods, *rest)
    pooled = np.empty((n, periods, windows, *rest), np.uint8)
    for window in range(windows):
        first, last = window * length // SIDE, -(-(window + 1) * length // SIDE) - 1
        target = pooled[:, :, window]
        np.bitwise_or(source[:, :, first], source[:, :, last], out=target)
        for between in range(first + 1, last):
            np.bitwise_or(target, source[:, :, between], out=target)
    return pooled.reshape(n, SIDE, *rest)
