"""A small model with fresh weights, and settings of a training of some seconds."""

from typing import Any

import fresh
import pytest

from mwm.library.model import TrainedModel
from mwm.models.model import MetaWorldModel
from mwm.settings.control import Control
from mwm.settings.params import Params


@pytest.fixture(scope="session")
def setup() -> dict[str, Any]:
    """A game that ends soon."""
    return fresh.SETUP


@pytest.fixture(scope="session")
def module(defaults: Params) -> MetaWorldModel:
    """Vs and an M that know nothing, and change codes with every frame and action."""
    return fresh.model(defaults)


@pytest.fixture(scope="session")
def model(module: MetaWorldModel) -> TrainedModel:
    """The same as the library has it."""
    return TrainedModel(module)


@pytest.fixture(scope="session")
def settings(defaults: Params) -> Control:
    """Six updates of 3 games, of which some end."""
    brief = {"steps": 6 * 3 * 20, "games": 3, "horizon": 20, "batch": 16, "hidden": 8}
    return defaults.control.model_copy(update=brief)
