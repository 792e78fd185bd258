"""What training records and evaluation judges by: errors, alignment, and F1 of the objects."""

import json
from collections.abc import Mapping

import torch
from torch import Tensor

from mwm.models.vision import unpack_bits
from mwm.store import SIDE, Frames

BATCH = 2000  # frames handled at once: (2000, 4096) float32 are 32 MB


def squared_error(probabilities: Tensor, packed: Tensor) -> float:
    """Sum of squared differences per frame, mean over frames: (n, 4096) against (n, 512) uint8."""
    total = 0.0
    for p, x in zip(torch.split(probabilities, BATCH), torch.split(packed, BATCH), strict=True):
        total += (p - unpack_bits(x)).square().sum(dtype=torch.float64).item()
    return total / len(packed)


def alignment(transfer: float, reconstruction: float, chance: float) -> float:
    """1: as good as the world's own code; 0: no better than the code of an unrelated frame.

    Also 0 where the world's own code is less than 1% better than an unrelated one: then nothing is
    represented, and the quotient would be noise.
    """
    if chance - reconstruction < 0.01 * chance:
        return 0.0
    return 1 - (transfer - reconstruction) / (chance - reconstruction)


class Judge:
    """Turns one world's pixels back into the original's, and looks at the objects there."""

    def __init__(self, content: Frames, device: torch.device) -> None:
        self._place = torch.from_numpy(content.pixel_map.astype("int64")).argsort().to(device)
        inverted = unpack_bits(torch.from_numpy(content.inverted)[None])[0].bool().to(device)
        self._inverted = inverted[self._place]
        self.objects: Mapping[str, list[int]] = json.loads(str(content.attributes["objects"]))

    def on_pixels(self, probabilities: Tensor) -> Tensor:
        """(n, 4096) probabilities in this world to (n, 64, 64) bool in the original's pixels."""
        on = (probabilities > 0.5)[:, self._place] ^ self._inverted
        return on.view(-1, SIDE, SIDE)

    def box(self, frames: Tensor, name: str) -> Tensor:
        """The part of frames (n, 64, 64) in which the object `name` moves."""
        top, left, bottom, right = self.objects[name]
        return frames[:, top:bottom, left:right]


def f1(found: Tensor, truth: Tensor) -> float:
    """F1 of on pixels, (n, h, w) bool, over all frames in which `truth` has any; 1 if none has."""
    visible = truth.flatten(1).any(1)
    found, truth = found[visible], truth[visible]
    both = (found & truth).sum().item()
    either = found.sum().item() + truth.sum().item()
    return 2 * both / either if either else 1.0
