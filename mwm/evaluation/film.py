"""The film: successive test frames as every world decodes them from the original's latents."""

from collections.abc import Mapping

import numpy as np
import torch

from mwm.evaluation.selection import windows
from mwm.io.film import Film
from mwm.io.frames import Frames
from mwm.models.encoding import decode, encode
from mwm.models.model import MetaWorldModel
from mwm.settings.base import ORIGINAL


def make_film(model: MetaWorldModel, worlds: Mapping[str, Frames], count: int) -> Film:
    """`count` successive frames of a test episode (fewer if none is that long)."""
    original = worlds[ORIGINAL]
    offsets, episodes = original.episode_offsets, original.episodes("test", f"world {ORIGINAL}")
    longest = int((offsets[episodes + 1] - offsets[episodes]).max())
    count = min(count, longest - 1)
    index = windows(original, count, 1)[0] + np.arange(count)
    code, _ = encode(model.vision(ORIGINAL), torch.from_numpy(original.frames[index]))
    decoded = [
        (decode(model, world, code) * 255).round().to(torch.uint8).numpy() for world in worlds
    ]
    truth = [frames.frames[index] for frames in worlds.values()]
    return Film(list(worlds), np.stack(truth), np.stack(decoded))
