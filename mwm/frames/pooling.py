"""Max-pooling of binary masks to 64 x 64 packed bits, which never loses a pixel."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mwm.io.frames import FRAME_BYTES, SIDE


def any_pool(masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pool (n, height, width) masks, height and width at least 64, to (n, 512) packed frames.

    Pixel (i, j) is on if any mask pixel is on within rows floor(i * height / 64) to
    ceil((i + 1) * height / 64) and the columns likewise: adaptive max pooling. The windows overlap
    where the size is no multiple of 64.
    """
    rows = _pool_rows(_pack_rows(masks))  # eight pixels in one OR
    tables = _column_tables(masks.shape[2])
    by_position = np.ascontiguousarray(rows.reshape(-1, len(tables)).T)
    frames = np.zeros(len(masks) * SIDE, np.uint64)
    for table, values in zip(tables, by_position, strict=True):
        frames |= table.take(values)
    return frames.view(np.uint8).reshape(-1, FRAME_BYTES)


def _pack_rows(masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(n, height, width) to (n, height, bytes): eight pixels a byte, the last byte padded."""
    n, height, width = masks.shape
    if width % 8:
        return np.packbits(masks, axis=2)
    return np.packbits(masks).reshape(n, height, width // 8)  # without rows: twice as fast


def _pool_rows(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """OR axis 1 of (n, height, bytes) down to (n, 64, bytes).

    The windows repeat every height / gcd(height, 64) cells (160: five cells, two windows), so each
    of the few windows in a period is ORed for all periods in one strided operation.
    """
    n, height, width = cells.shape
    periods = math.gcd(height, SIDE)
    windows = SIDE // periods
    source = cells.reshape(n, periods, height // periods, width)
    pooled = np.empty((n, periods, windows, width), np.uint8)
    for window in range(windows):
        first, last = window * height // SIDE, -(-(window + 1) * height // SIDE) - 1
        target = pooled[:, :, window]
        np.bitwise_or(source[:, :, first], source[:, :, last], out=target)
        for between in range(first + 1, last):
            np.bitwise_or(target, source[:, :, between], out=target)
    return pooled.reshape(n, SIDE, width)


@cache
def _column_tables(width: int) -> NDArray[np.uint64]:
    """(bytes, 256): the pooled row of 64 bits that each value of each byte of a row alone makes."""
    column = np.arange(width)
    window = np.arange(SIDE)[:, None]
    first, end = window * width // SIDE, -(-(window + 1) * width // SIDE)
    covers = np.zeros((SIDE, -(-width // 8) * 8), bool)
    covers[:, :width] = (first <= column) & (column < end)
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(bool)
    by_byte = covers.reshape(SIDE, -1, 8).transpose(1, 0, 2)[:, None]
    on = (by_byte & bits[:, None]).any(axis=3)
    return np.packbits(on, axis=2).view(np.uint64)[..., 0]
