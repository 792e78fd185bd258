"""The film: successive test frames as every world decodes them from the original's latents."""

from collections.abc import Mapping

import numpy as np
import torch

from mwm.evaluation.scenes import windows
from mwm.io.film import Film
from mwm.io.frames import Frames
from mwm.models.encoding import decode, encode_sequences
from mwm.models.model import MetaWorldModel
from mwm.settings.base import ORIGINAL


def shoot(model: MetaWorldModel, contents: Mapping[str, Frames], count: int) -> Film:
    """`count` successive frames of a test episode (fewer if none is that long)."""
    original = contents[ORIGINAL]
    offsets, episodes = original.episode_offsets, original.episodes("test")
    longest = int((offsets[episodes + 1] - offsets[episodes]).max())
    count = min(count, longest - 1)
    starts = windows(original, count, 1)
    index = starts[0] + np.arange(count)
    frames = torch.from_numpy(original.frames[index])
    actions = torch.from_numpy(original.actions[index].astype(np.int64))
    code = encode_sequences(model, ORIGINAL, frames[None], actions[None]).code[0]
    drawn = [
        (decode(model, world, code) * 255).round().to(torch.uint8).numpy() for world in contents
    ]
    return Film(
        list(contents), np.stack([c.frames[index] for c in contents.values()]), np.stack(drawn)
    )
