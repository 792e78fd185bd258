"""The command: mistakes in one line, nothing half-written."""

import os
import subprocess
import sys
from pathlib import Path

import plain_yaml
import pytest
from forgery import changing_h5
from typer.testing import CliRunner, Result

from mwm.io.frames import read_frames
from mwm.settings.params import Params
from stages import preprocess

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(rollouts: Path, monkeypatch: pytest.MonkeyPatch, defaults: Params) -> Path:
    """A folder with params.yaml and data/rollouts.h5."""
    folder = rollouts.parent
    monkeypatch.chdir(folder)
    (folder / "data").mkdir()
    rollouts.rename("data/rollouts.h5")
    (folder / "params.yaml").write_text(plain_yaml.text(defaults.model_dump()))
    return folder


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(preprocess.app, list(arguments))


def test_the_declared_file_is_written(project: Path) -> None:
    assert _run().exit_code == 0
    assert read_frames(project / "data/frames.h5").frames.shape == (900, 512)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rollouts", "nowhere.h5"], "nowhere.h5: not found"),
        (["--rollouts", "params.yaml"], "params.yaml: expected an HDF5 file with a checksum"),
        (["--out", "params.yaml/frames.h5"], "cannot be written"),
        (["--out", "data"], "a folder has that name"),
    ],
)
def test_a_mistake_is_told_in_one_line(project: Path, arguments: list[str], told: str) -> None:
    result = _run(*arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert {path.name for path in project.iterdir()} - {".mwm"} == {"data", "params.yaml"}
    assert [path.name for path in (project / "data").iterdir()] == ["rollouts.h5"]


def test_too_few_episodes_are_a_usage_error(project: Path) -> None:
    with changing_h5(Path("data/rollouts.h5")) as file:
        offsets, actions = file["episode_offsets"][:3], file["actions"][:300]
        del file["episode_offsets"], file["actions"]
        file["episode_offsets"], file["actions"] = offsets, actions
    result = _run()
    assert result.exit_code == 2
    assert "expected episodes for each of train, validation, test, found 2" in result.stderr
    assert not (project / "data/frames.h5").exists()


def test_help_is_there_at_once() -> None:
    """In processor time: a busy machine has no say."""
    times = []
    for _ in range(3):
        before = os.times()
        command = [sys.executable, "-m", "stages.preprocess", "--help"]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        after = os.times()
        user = after.children_user - before.children_user
        times.append(user + after.children_system - before.children_system)
    assert min(times) < 0.3
