"""Acts with few steps and small models, and whether two models are the same."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from mwm.io.frames import Frames
from mwm.training import acts
from mwm.training.acts import Setup
from mwm.training.device import prepare_device

WORLDS = ("original", "mirror")


def make_setup(defaults, vision: str = "sparse", **run) -> Setup:
    small = {"frames": 64, "sequences": 4, "length": 10, "dreams": 4, "dreamed": 3}
    batch = defaults.train.batch.model_copy(update=small)
    model = defaults.train.model.model_copy(update={"vision": vision})
    settings = defaults.train.run.model_copy(update={"threads": 1, "device": "cpu", **run})
    return Setup(settings, model, batch, prepare_device(settings))


def small(defaults, vision: str = "sparse", **run) -> Setup:
    """A setup whose model is small: for what does not depend on how well it learns."""
    setup = make_setup(defaults, vision, **run)
    sizes = {"hidden": 32, "rank": 2, "memory": 16}
    return replace(setup, model=setup.model.model_copy(update=sizes))


def act(defaults, name: str, **changes):
    """An act of params.yaml, made brief."""
    brief = {"iterations": 2, "reconstruction_steps": 2, "prediction_steps": 2, "kl_ramp": 0}
    if name == "anchor":
        brief |= {"reconstruction_steps": 0, "prediction_steps": 0, "dream_steps": 2}
    if name == "recruit":
        brief |= {"prediction_steps": 0}
    return getattr(defaults.train, name).model_copy(update=brief | changes)


def record(defaults):
    return defaults.train.record.model_copy(update={"every": 1, "sequences": 4})


def perform(setup, defaults, contents, worlds=WORLDS, **changes):
    """See, anchor and recruit as the pipeline does; the models and histories of each."""
    see = act(defaults, "see", prediction_steps=0)
    seen = {w: acts.see(setup, w, contents[w], see)[0] for w in worlds}
    anchor = acts.anchor(
        setup, seen["original"], contents["original"], act(defaults, "anchor"), record(defaults)
    )
    recruit = acts.recruit(
        setup,
        "test",
        [*seen.values()],
        {w: contents[w] for w in worlds},
        act(defaults, "joint" if setup.run.schedule == "joint" else "recruit", **changes),
        record(defaults),
    )
    return seen, anchor, recruit


def same(one, other) -> bool:
    return all(
        torch.equal(a, b)
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


def spoiled(content: Frames, episodes: NDArray[np.int64]) -> Frames:
    """The frames, of which all but those of some episodes are inverted."""
    kept = content.indices(episodes)
    packed = ~content.frames
    packed[kept] = content.frames[kept]
    return replace(content, frames=packed)
