"""The films: successive test frames as every world decodes them, and a dream in every world."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.evaluation.scenes import Scenes
from mwm.io.film import Film
from mwm.io.frames import Frames
from mwm.models.encoding import decode, dream, encode
from mwm.models.model import MetaWorldModel
from mwm.settings.base import ORIGINAL


def make_film(model: MetaWorldModel, worlds: Mapping[str, Frames], scenes: Scenes) -> Film:
    """What the worlds show in these scenes, and what the model makes of it.

    Every world decodes the original's latents of the film; and every world dreams alone, from its
    own frames, with the actions that were taken.
    """
    model.eval()
    original = worlds[ORIGINAL]
    code, _ = encode(model.vision(ORIGINAL), torch.from_numpy(original.frames[scenes.film]))
    taken = original.actions[np.concatenate([scenes.seen, scenes.dreamt])].astype(np.int64)
    dreamt = {
        world: dream(
            model,
            world,
            torch.from_numpy(frames.frames[scenes.seen])[None],
            torch.from_numpy(taken)[None],
        )[0]
        for world, frames in worlds.items()
    }
    return Film(
        list(worlds),
        np.stack([frames.frames[scenes.film] for frames in worlds.values()]),
        np.stack([_pictures(decode(model, world, code)) for world in worlds]),
        scenes.hits.astype(np.uint8),
        np.stack([frames.frames[scenes.dreamt] for frames in worlds.values()]),
        np.stack([_pictures(decode(model, world, dreamt[world])) for world in worlds]),
    )


def _pictures(probabilities: Tensor) -> NDArray[np.uint8]:
    return (probabilities * 255).round().to(torch.uint8).numpy()
