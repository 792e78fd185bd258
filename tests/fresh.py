"""A small model that knows nothing yet."""

from mwm.models.model import MetaWorldModel, initialise
from mwm.settings.params import Params

WORLDS = ("original", "mirror")


def model(defaults: Params) -> MetaWorldModel:
    """Vs and an M with fresh weights, which change codes with every frame and action of Pong."""
    small = {"latent": 6, "hidden": 16, "rank": 2, "memory": 8}
    config = defaults.train.model.model_copy(update=small)
    return initialise(config, WORLDS, 6, seed=0).eval()
