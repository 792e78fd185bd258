"""Objects found in decoded frames of any world, in the original's coordinates: F1, positions."""

import json
from collections.abc import Mapping

import torch
from torch import Tensor

from mwm.io.frames import SIDE, Frames
from mwm.models.visions.base import unpack_bits


class OriginalView:
    """One world's pixels where the original has them, and the boxes in which its objects move.

    Attributes:
        objects: name to [top, left, bottom, right] in the original's pixels, half open.
    """

    def __init__(self, frames: Frames, device: torch.device) -> None:
        """Invert the pixel map of the world of these `frames`."""
        self._index = torch.from_numpy(frames.pixel_map.astype("int64")).argsort().to(device)
        inverted = unpack_bits(torch.from_numpy(frames.inverted)[None]).bool().to(device)
        self._inverted = self.reorder(inverted)
        self.objects: Mapping[str, list[int]] = json.loads(str(frames.attributes["objects"]))

    def reorder(self, values: Tensor) -> Tensor:
        """(n, 4096) values of this world's pixels to (n, 64, 64), where the original has them."""
        return values[:, self._index].view(-1, SIDE, SIDE)

    def binary(self, probabilities: Tensor) -> Tensor:
        """(n, 4096) probabilities in this world to (n, 64, 64) bool, as the original shows it."""
        return self.reorder(probabilities > 0.5) ^ self._inverted

    def crop(self, frames: Tensor, name: str) -> Tensor:
        """The box of the object `name` in frames (n, 64, 64) of the original: (n, h, w)."""
        top, left, bottom, right = self.objects[name]
        return frames[:, top:bottom, left:right]


def f1(found: Tensor, truth: Tensor) -> float | None:
    """F1 of on pixels, (n, h, w) bool, over all frames in which `truth` has any; None: none has."""
    visible = truth.flatten(1).any(1)
    found, truth = found[visible], truth[visible]
    both = (found & truth).sum().item()
    either = found.sum().item() + truth.sum().item()
    return 2 * both / either if either else None


def centroids(on: Tensor) -> Tensor:
    """(n, h, w) bool to (n, 2), row and column in pixels; NaN where no pixel is on."""
    _, height, width = on.shape
    row = torch.arange(height, dtype=torch.float32).repeat_interleave(width)
    column = torch.arange(width, dtype=torch.float32).repeat(height)
    # One product instead of sums over rows and columns; exact, as the numbers are small and whole.
    sums = on.flatten(1).float() @ torch.stack([torch.ones(height * width), row, column], 1)
    return sums[:, 1:] / sums[:, :1]


def position(found: Tensor, truth: Tensor) -> tuple[float | None, float | None]:
    """`apart` for the pixels (n, h, w) bool of an object instead of its centroids."""
    return apart(centroids(found), centroids(truth))


def apart(found: Tensor, truth: Tensor) -> tuple[float | None, float | None]:
    """Median distance of an object's centroids in pixels, and the share of frames that show it.

    Over the frames in which `truth` has the object; centroids (n, 2) are NaN where it is not. No
    distance if it is never found, and no share if it is in no frame.
    """
    visible = there(truth)
    if not visible.any():
        return None, None
    found, truth = found[visible], truth[visible]
    drawn = there(found)
    if not drawn.any():
        return None, 0.0
    distance = (found[drawn] - truth[drawn]).norm(dim=1)
    return distance.median().item(), drawn.float().mean().item()


def there(track: Tensor) -> Tensor:
    """Whether an object is there, (...) bool, of its centroids (..., 2)."""
    return ~track[..., 0].isnan()
