from pathlib import Path

import numpy as np
import plain_yaml
import pytest
from typer.testing import CliRunner

from mwm.io.frames import read_frames, write_frames
from mwm.worlds import World
from stages import variants

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def project(tmp_path, monkeypatch, pong):
    """A folder with params.yaml and data/frames.h5; its path."""
    params = plain_yaml.parse(PARAMS)
    params["variants"]["worlds"]["shuffled"] = ["transpose", {"permutation": {"seed": 7}}]
    (tmp_path / "params.yaml").write_text(plain_yaml.text(params))
    write_frames(tmp_path / "data/frames.h5", pong)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments):
    return CliRunner().invoke(variants.app, list(arguments))


@pytest.mark.parametrize("name", ["original", "mirror", "shuffled"])
def test_a_world_is_written_beside_the_others_and_twice_the_same(project, pong, name):
    assert _run(name).exit_code == 0
    assert _run(name, "--out", "again.h5").exit_code == 0
    path = project / "data/worlds" / f"{name}.h5"
    assert path.read_bytes() == (project / "again.h5").read_bytes()
    steps = plain_yaml.parse(project / "params.yaml")["variants"]["worlds"][name]
    world = read_frames(path, kind="world")
    assert np.array_equal(world.frames, World(name, steps).show(pong.frames))
    assert world.attributes["world"] == name


def test_frames_are_changed_a_block_at_a_time(project, pong, monkeypatch):
    monkeypatch.setattr(variants, "BLOCK", 7)
    assert _run("shuffled").exit_code == 0
    steps = plain_yaml.parse(project / "params.yaml")["variants"]["worlds"]["shuffled"]
    write_frames("whole.h5", World("shuffled", steps).make(pong), kind="world")
    made = project / "data/worlds/shuffled.h5"
    assert made.read_bytes() == (project / "whole.h5").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["miror"], 2, "variants.worlds has no 'miror'; expected one of "),
        (["mirror", "--frames", "nowhere.h5"], 1, "nowhere.h5: not found"),
        (["mirror", "--frames", "params.yaml"], 1, "expected an HDF5 file with a checksum"),
        (["mirror", "--frames", "params.yaml"], 1, "`mwm check --cache` says what to delete"),
        (["mirror", "--out", "params.yaml/mirror.h5"], 1, "cannot be written"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_writes_nothing(project, arguments, code, told):
    result = _run(*arguments)
    assert result.exit_code == code
    assert result.stderr.startswith("error: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (project / "data/worlds").exists()


def test_a_world_cannot_be_made_from_a_world(project):
    assert _run("mirror").exit_code == 0
    result = _run("vswap", "--frames", "data/worlds/mirror.h5")
    assert result.exit_code == 1
    assert "expected a file of kind 'frames', found 'world'" in result.stderr
