"""Real rollouts that a test may damage."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def rollouts(tmp_path: Path, worlds: Path) -> Path:
    """A copy of rollouts.h5: 6 episodes of 150 steps of Pong."""
    return Path(shutil.copy(worlds / "rollouts.h5", tmp_path))
