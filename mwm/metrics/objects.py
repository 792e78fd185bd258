"""What training records and evaluation judges by: errors, alignment, and F1 of the objects."""

import json
from collections.abc import Mapping

import torch
from torch import Tensor

from mwm.io.frames import SIDE, Frames
from mwm.models.visions.base import unpack_bits


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


def centroids(on: Tensor) -> Tensor:
    """(n, h, w) bool to (n, 2), row and column; not a number where no pixel is on."""
    rows, columns = on.sum(2).float(), on.sum(1).float()
    count = rows.sum(1)
    row = rows @ torch.arange(on.shape[1], dtype=torch.float32) / count
    column = columns @ torch.arange(on.shape[2], dtype=torch.float32) / count
    return torch.stack([row, column], 1)


def position(found: Tensor, truth: Tensor) -> tuple[float | None, float]:
    """Median distance of an object's centroids in pixels, and the share of frames that show it.

    Over the frames (n, h, w) bool in which `truth` has the object; None if it is never found.
    """
    visible = truth.flatten(1).any(1)
    if not visible.any():
        return None, 1.0
    found, truth = found[visible], truth[visible]
    seen = found.flatten(1).any(1)
    if not seen.any():
        return None, 0.0
    distance = (centroids(found[seen]) - centroids(truth[seen])).norm(dim=1)
    return distance.median().item(), seen.float().mean().item()
