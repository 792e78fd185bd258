"""A small model that knows nothing yet, and a game that ends soon."""

from typing import Any

from mwm.models.model import MetaWorldModel, initialise
from mwm.settings.params import Params

WORLDS = ("original", "mirror")
SETUP: dict[str, Any] = {  # of a game whose steps are a second long: it ends after some 80 of them
    "game": "ALE/Pong-v5",
    "frame_skip": 60,
    "repeat_action_probability": 0.25,
    "noop_max": 3,
}


def model(defaults: Params) -> MetaWorldModel:
    """Vs and an M with fresh weights, which change codes with every frame and action of Pong."""
    small = {"latent": 6, "hidden": 16, "rank": 2, "memory": 8}
    config = defaults.train.model.model_copy(update=small)
    return initialise(config, WORLDS, 6, seed=0).eval()
