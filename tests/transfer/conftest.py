"""A small model with fresh weights, and a game that ends soon."""

from typing import Any

import fresh
import pytest

from mwm.library.model import TrainedModel
from mwm.models.model import MetaWorldModel
from mwm.settings.params import Params


@pytest.fixture(scope="session")
def setup() -> dict[str, Any]:
    """How the game is set up."""
    return fresh.SETUP


@pytest.fixture(scope="session")
def module(defaults: Params) -> MetaWorldModel:
    """It knows nothing, and changes codes with every frame and action."""
    return fresh.model(defaults)


@pytest.fixture(scope="session")
def model(module: MetaWorldModel) -> TrainedModel:
    """The same as the library has it."""
    return TrainedModel(module)
