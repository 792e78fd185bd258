"""Other Vs to play with than a recruit, which show what alignment is worth."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mwm import ArtefactError, seeding
from mwm.io.frames import Frames
from mwm.models import encoding
from mwm.models.visions import Vision

PAIRS = (10, 100, 1000)  # of frames that show the same moment in both worlds
RIDGE = 1e-3  # of the variance of codes: keeps a map finite that few pairs leave open
LEAST = 1e-30  # of that variance: below it all frames have one code, and no map can be found


class Mapped(nn.Module):
    """A V whose codes are mapped linearly into those of another (as in SAPS, 2025: with pairs)."""

    weight: Tensor
    bias: Tensor

    def __init__(self, vision: Vision, weight: Tensor, bias: Tensor) -> None:
        """A V, and the map of its codes (latent,) as weight (latent, latent) and bias (latent,)."""
        super().__init__()
        self._vision = vision
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def unpack(self, packed: Tensor) -> Tensor:
        """Packed frames as the V takes them."""
        unpacked: Tensor = self._vision.unpack(packed)
        return unpacked

    def encode(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Means, mapped, and log-variances, as they are."""
        mean, log_variance = self._vision.encode(frames)
        return mean @ self.weight + self.bias, log_variance


def fit(vision: Vision, source: Tensor, target: Tensor) -> Mapped:
    """The map by least squares from codes (n, latent) of a V to those of another for same moments.

    Args:
        vision: the V whose codes are mapped.
        source: its codes.
        target: the others. If all of `source` are the same, their mean is what it is mapped to.
    """
    centre, aim = source.mean(0), target.mean(0)
    x, y = (source - centre).double(), (target - aim).double()
    variance = x.var(0, correction=0).mean()
    if variance < LEAST:
        return Mapped(vision, torch.zeros(len(centre), len(aim)), aim)
    ridge = RIDGE * len(x) * variance * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(x.T @ x + ridge, x.T @ y).float()
    return Mapped(vision, weight, aim - centre @ weight)


def check_moments(data: Path, home: Frames, content: Frames) -> None:
    """Refuse worlds that do not show the same moments, of which `pair_up` makes pairs.

    Args:
        data: the folder of both, which an error names.
        home: frames of the world in which the player learned.
        content: the other world's.

    Raises:
        ArtefactError: their episodes, actions or splits differ.
    """
    first, world = home.attributes["world"], content.attributes["world"]
    for part in ("episode_offsets", "split", "actions"):
        if not np.array_equal(getattr(home, part), getattr(content, part)):
            raise ArtefactError(
                f"{data}: expected {first}.h5 and {world}.h5 to show the same moments, found "
                f"other {part} in {world}.h5; name a folder of the stage variants by --data"
            )


@torch.no_grad()
def pair_up(target: Vision, vision: Vision, home: Frames, content: Frames, pairs: int) -> Mapped:
    """`fit` for a V of another world, by `pairs` training frames that both worlds show.

    Args:
        target: the V whose codes are to be reached.
        vision: of the other world.
        home: frames of the world of `target`.
        content: the other world's, of the same moments (`check_moments`).
        pairs: how many frames; they are the same for each world.
    """
    usable = home.indices(home.episodes("train", str(home.attributes["world"])))
    rng = seeding.generator(0, "transfer", "pairs", pairs)
    at = rng.choice(usable, min(pairs, len(usable)), replace=False)
    source, _ = encoding.encode(vision, torch.from_numpy(content.frames[at]))
    aim, _ = encoding.encode(target, torch.from_numpy(home.frames[at]))
    return fit(vision, source, aim)
