"""How an object is read across worlds: right, or in a way in which the dynamics look the same."""

from collections.abc import Iterator

import torch
from torch import Tensor

from mwm.metrics.objects import centroids

RIGHT = 1.0  # pixels off, median, up to which a reading is right
MISSING = 0.5  # share of the frames with the object in which it must be decoded to be read
TELLS = 0.5  # share of a distance to which an explanation must bring it
DELAYS = (1, 2, 3, 4)  # steps


def reading(found: Tensor, truth: Tensor, length: int) -> str:
    """In a word or two, how an object is read: what best explains where it is decoded.

    `right`; `upside down`, `mirrored`, `turned` (both) within its part of the frame; `late` or
    `early` by some steps; `shifted` by a constant; `inexact`, nearer than chance but none of these;
    `unrelated`; `missing`, seldom decoded; `absent`, not in any frame.

    Args:
        found: (n, h, w) bool, what is decoded of the object's part of the frame.
        truth: (n, h, w) bool, what is there.
        length: of the sequences in which frames follow each other.
    """
    visible = truth.flatten(1).any(1)
    if not visible.any():
        return "absent"
    decoded = visible & found.flatten(1).any(1)
    if decoded.sum() < MISSING * visible.sum():
        return "missing"
    places, there = centroids(found), centroids(truth)
    off = _off(places, there, decoded)
    if off <= RIGHT:
        return "right"
    explained = {
        word: _off(places, candidate, decoded & known)
        for word, candidate, known in _candidates(places, there, decoded, visible, truth, length)
    }
    word = min(explained, key=lambda w: explained[w])
    if explained[word] <= max(RIGHT, TELLS * off):
        return word
    half = len(there) // 2
    unrelated = _off(places, there.roll(half, 0), decoded & visible.roll(half, 0))
    return "inexact" if off <= TELLS * unrelated else "unrelated"


def _candidates(
    places: Tensor, there: Tensor, decoded: Tensor, visible: Tensor, truth: Tensor, length: int
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Words, where the object would be if they held, and the frames for which that is known."""
    edge = torch.tensor(truth.shape[1:], dtype=torch.float32) - 1
    turned = edge - there
    yield "upside down", torch.stack([turned[:, 0], there[:, 1]], 1), visible
    yield "mirrored", torch.stack([there[:, 0], turned[:, 1]], 1), visible
    yield "turned", turned, visible
    yield "shifted", there + (places - there)[decoded].median(0).values, visible
    step = torch.arange(len(there)) % length
    for delay in DELAYS:
        count = f"{delay} step{'s' * (delay > 1)}"
        yield f"late by {count}", there.roll(delay, 0), visible.roll(delay) & (step >= delay)
        early = step < length - delay
        yield f"early by {count}", there.roll(-delay, 0), visible.roll(-delay) & early


def _off(places: Tensor, there: Tensor, known: Tensor) -> float:
    """Median distance in pixels; infinite where nothing is known."""
    if not known.any():
        return float("inf")
    return float((places - there)[known].norm(dim=1).median())
