"""For all tests: a few short episodes of Pong in the six worlds of the paper, and a fresh model."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brief
import hardship
import hypothesis
import plain_yaml
import pytest

from mwm.io.frames import Frames, read_frames, write_frames
from mwm.pipeline.subprocess_environment import unbind
from mwm.runtime import kernels
from mwm.settings import params
from mwm.settings.params import Params

if TYPE_CHECKING:
    from mwm.library.model import TrainedModel
    from mwm.models.model import MetaWorldModel

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """Under a Git hook the tests make repositories of their own, and leave the hook's alone.

    They compute as stages do: with other kernels the same sums may differ in their last bits.
    Commands that they start in other folders find the stages, which are not installed.
    """
    unbind()
    for role in ("AUTHOR", "COMMITTER"):  # a fresh machine's Git knows none, and would not commit
        os.environ |= {f"GIT_{role}_NAME": "mwm", f"GIT_{role}_EMAIL": "mwm@localhost"}
    kernels.prepare()
    hypothesis.settings.register_profile("patient", deadline=None)  # no test asserts a time
    hypothesis.settings.load_profile("patient")
    paths = [str(ROOT), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """With `-n logical`: one more process than cores, since many tests wait for a command to end.

    At most five, for want of memory.
    """
    return min(os.cpu_count() or 1, 4) + 1


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """A background job ignores Ctrl-C, and under nohup hang-ups; so would what tests start."""
    before = [
        (signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler)),
        (signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_DFL)),
    ]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def defaults() -> Params:
    """The committed params.yaml."""
    return params.load(ROOT / "params.yaml")


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory, defaults: Params) -> Path:
    """A folder with <world>.h5 for each world of params.yaml: 6 episodes of 150 steps."""
    from mwm.frames.preprocessing import preprocess
    from mwm.rollouts.recording import collect
    from mwm.worlds import World

    folder = tmp_path_factory.mktemp("data")
    settings = defaults.collect.model_copy(update={"episodes": 6, "max_steps": 150})
    collect(settings, folder / "rollouts.h5", workers=1)
    preprocess(defaults.preprocess, folder / "rollouts.h5", folder / "frames.h5")
    original = read_frames(folder / "frames.h5")
    for name, steps in defaults.variants.worlds.items():
        write_frames(folder / f"{name}.h5", World(name, steps).make(original), "world")
    return folder


@pytest.fixture(scope="session")
def contents(worlds: Path, defaults: Params) -> dict[str, Frames]:
    """The same, in memory, by world."""
    return {w: read_frames(worlds / f"{w}.h5", "world") for w in defaults.variants.worlds}


@pytest.fixture(scope="session")
def setup() -> dict[str, Any]:
    """A game whose steps are a second long, so that it ends after some 80 of them."""
    chance = {"repeat_action_probability": 0.25, "noop_max": 3}
    return {"game": "ALE/Pong-v5", "frame_skip": 60, **chance}


@pytest.fixture(scope="session")
def module(defaults: Params) -> "MetaWorldModel":
    """Small Vs and an M that know nothing, and change codes with every frame and action of Pong."""
    from mwm.models.model import initialise

    small = {"latent": 6, "hidden": 16, "rank": 2, "memory": 8}
    config = defaults.train.model.model_copy(update=small)
    return initialise(config, ("original", "mirror"), 6, seed=0).eval()


@pytest.fixture(scope="session")
def model(module: "MetaWorldModel") -> "TrainedModel":
    """The same as the library has it."""
    from mwm.library.model import TrainedModel

    return TrainedModel(module)


@pytest.fixture
def project(tmp_path: Path, worlds: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params.yaml, made brief, and the worlds' files; the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", "")  # then deleted: so what `--folder` sets goes afterwards, too
    monkeypatch.delenv("DVC_ROOT")
    (tmp_path / "params.yaml").write_text(plain_yaml.text(brief.values()))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "worlds").symlink_to(worlds)
    return tmp_path


@pytest.fixture
def binding(tmp_path: Path) -> None:
    """Skip where the modes of files cannot be made to bind commands."""
    if not hardship.binds(tmp_path):
        pytest.skip("permissions bind nobody here")


@pytest.fixture
def rollouts(tmp_path: Path, worlds: Path) -> Path:
    """A copy of rollouts.h5: 6 episodes of 150 steps of Pong."""
    return Path(shutil.copy(worlds / "rollouts.h5", tmp_path))
