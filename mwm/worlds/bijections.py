"""The bijections: the five variants of the paper, a chessboard, and a permutation of pixels.

Each maps packed frames, (n, 512) uint8 in C order, to as many. Eight pixels are a
byte, the leftmost its most significant bit; a row is eight bytes; a frame is 64 rows.
"""

import numpy as np

from mwm.io.frames import SIDE
from mwm.seeding import generator
from mwm.worlds.registry import Packed, bijection

# Within each byte of a word, exchange neighbouring bits, then pairs, then halves: a reversal.
REVERSAL = ((1, 0x5555555555555555), (2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F))
# With eight rows of eight pixels in one word (row r is byte r), exchange what is off the diagonal:
# pixels in each 2 x 2 block, 2 x 2 blocks in each 4 x 4, 4 x 4 blocks in the 8 x 8: a transpose.
TRANSPOSAL = ((9, 0x0055005500550055), (18, 0x0000333300003333), (36, 0x000000000F0F0F0F))


@bijection("transpose")
def transpose(frames: Packed) -> Packed:
    """Γt: x.T, rows become columns."""
    blocks = frames.reshape(-1, 8, 8, 8).transpose(
        0, 3, 1, 2
    )  # frame, column of blocks, row of blocks, row
    words = np.ascontiguousarray(blocks).view("<u8")
    differ = np.empty_like(words)
    for shift, mask in TRANSPOSAL:  # in place: memory for temporaries costs more than their bits
        np.right_shift(words, shift, out=differ)
        differ ^= words
        differ &= mask
        words ^= differ
        differ <<= shift
        words ^= differ
    return words.view(np.uint8).reshape(-1, 8, 8, 8).transpose(0, 1, 3, 2).reshape(frames.shape)


@bijection("hswap")
def hswap(frames: Packed) -> Packed:
    """Γh: swap the left and right halves."""
    rows = frames.view("<u8")
    swapped = rows << 32
    swapped |= rows >> 32
    return swapped.view(np.uint8)


@bijection("vswap")
def vswap(frames: Packed) -> Packed:
    """Γv: swap the upper and lower halves."""
    return np.roll(frames, frames.shape[1] // 2, axis=1)


@bijection("invert")
def invert(frames: Packed) -> Packed:
    """Γc: invert every pixel."""
    return ~frames


@bijection("mirror")
def mirror(frames: Packed) -> Packed:
    """Γm: left-right reflection."""
    rows = frames.view("<u8").byteswap()
    moved = np.empty_like(rows)
    for shift, mask in REVERSAL:
        np.right_shift(rows, shift, out=moved)
        moved &= mask
        rows &= mask
        rows <<= shift
        rows |= moved
    return rows.view(np.uint8)


@bijection("chessboard")
def chessboard(frames: Packed) -> Packed:
    """Invert every other square of 8 x 8 pixels; that at the upper left stays."""
    row, square = np.indices((SIDE, SIDE // 8))
    board = np.where((row // 8 + square) % 2, 255, 0).astype(np.uint8)
    return frames ^ board.reshape(-1)


@bijection("permutation")
def permutation(frames: Packed, seed: int) -> Packed:
    """Permute the pixels at random, all frames alike, which destroys all spatial structure."""
    order = generator(seed, "permutation").permutation(SIDE * SIDE)
    return np.packbits(np.unpackbits(frames, axis=1).take(order, axis=1), axis=1)
