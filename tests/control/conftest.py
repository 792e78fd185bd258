"""Settings of a training of some seconds."""

import pytest

from mwm.settings.control import Control
from mwm.settings.params import Params


@pytest.fixture(scope="session")
def settings(defaults: Params) -> Control:
    """Six updates of 3 games, of which some end."""
    brief = {"steps": 6 * 3 * 20, "games": 3, "horizon": 20, "batch": 16, "hidden": 8}
    return defaults.control.model_copy(update=brief)
