"""Tiny models, really trained on real plays by the stages' commands."""

from pathlib import Path

import brief
import numpy as np
import plain_yaml
import pytest

import mwm

ROOT = Path(__file__).resolve().parents[2]
ACTS = ["see original", "see mirror", "see transpose", "anchor"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory, worlds) -> Path:
    """A project's folder with data/worlds and runs: two recruits of one anchor."""
    from stages import recruit, train, unite

    folder = tmp_path_factory.mktemp("a project")
    values = brief.values(iterations=3, steps=10, frames=64, sequences=4, length=8)
    (folder / "params.yaml").write_text(plain_yaml.text(values))
    (folder / "data").mkdir()
    (folder / "data" / "worlds").symlink_to(worlds)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("DVC_ROOT", raising=False)
        for act in ACTS:
            brief.run(train.app, *act.split())
        for world in ("mirror", "transpose"):
            brief.run(recruit.app, world)
            brief.run(unite.app, world)
    return folder


@pytest.fixture(scope="session")
def model(trained) -> mwm.TrainedModel:
    """All of its worlds."""
    return mwm.load(trained / "runs")


@pytest.fixture
def frames(contents) -> np.ndarray:
    """Successive frames of the original, (40, 512) packed."""
    return contents["original"].frames[:40]


@pytest.fixture
def actions(contents) -> np.ndarray:
    """The actions after them, (40,)."""
    return contents["original"].actions[:40]
