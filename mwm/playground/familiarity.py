"""What is usual of the signal that tells when a dream has left the data."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mwm.evaluation.selection import windows
from mwm.io.frames import Frames
from mwm.models.encoding import decode, encode
from mwm.models.memory import scaled
from mwm.models.model import MetaWorldModel
from mwm.settings.base import ORIGINAL

SPAN = 15  # steps over which the page averages: a second
SEQUENCES = 120


class Familiar(NamedTuple):
    """The strangeness of real frames, averaged over `span` steps.

    Attributes:
        span: steps.
        usual: half of the real sequences are below.
        strange: 1 in 20 of them is above.
        foreign: 1 in 100 is above.
    """

    span: int
    usual: float
    strange: float
    foreign: float


def familiarity(model: MetaWorldModel, original: Frames) -> Familiar:
    """Measure strangeness on test frames of the original.

    Raises:
        MwmError: no test episode is longer than SPAN.
    """
    starts = windows(original, SPAN, SEQUENCES)
    frames = original.frames[starts[:, None] + np.arange(SPAN)]
    z, _ = encode(model.vision(ORIGINAL), torch.from_numpy(frames).flatten(0, 1))
    averages = strangeness(model, z).view(-1, SPAN).mean(1)
    levels = np.quantile(averages.numpy(), [0.5, 0.95, 0.99]).round(4).tolist()
    return Familiar(SPAN, *levels)


def strangeness(model: MetaWorldModel, z: Tensor) -> Tensor:
    """How far all worlds are, on average, from finding latents again in their own pictures of them.

    V was trained on frames of the game: of a latent that stands for such a frame it draws a picture
    in which it reads about that latent again, of others it does not.

    Args:
        model: all worlds.
        z: (n, latent).

    Returns:
        (n,) in spreads: root of the mean square over the dimensions that M reads, mean over worlds.
    """
    distances, spread = [], model.memory.spread
    for world in model.worlds:
        drawn = np.packbits((decode(model, world, z) > 0.5).numpy(), axis=1)
        again, _ = encode(model.vision(world), torch.from_numpy(drawn))
        squares = scaled(again, z, spread).square().sum(1)
        distances.append((squares / (spread > 0).sum()).sqrt())
    return torch.stack(distances).mean(0)
