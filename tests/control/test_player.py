"""A player on disk: one file, the same bytes, and clear words for anything else."""

from pathlib import Path

import pytest
import torch

from mwm import ArtefactError
from mwm.control import player
from mwm.control.policy import initialise
from mwm.control.visions import check_anchor
from mwm.io import records
from mwm.models import model as models


@pytest.fixture
def saved(module, contents, settings, tmp_path) -> player.Player:
    """A player in the folder `one`, of fresh weights."""
    about = player.about(module, contents["original"], settings)
    policy = initialise(about.seen, about.actions, settings.hidden, seed=0)
    policy.calibrate(torch.randn(100, about.seen), about.model.latent)
    made = player.Player(about, module, policy)
    (tmp_path / "one").mkdir()
    player.save(made, tmp_path / "one", [])
    return made


def test_a_player_comes_back_as_it_was(saved, tmp_path: Path) -> None:
    found = player.load_player(tmp_path / "one")
    assert found.about == saved.about
    assert found.about.setup == {
        "game": "ALE/Pong-v5",
        "frame_skip": 4,
        "repeat_action_probability": 0.25,
        "noop_max": 30,
        "max_episode_steps": 27000,
    }
    assert found.model.worlds == ["original"], "others' Vs are not part of it"
    codes = torch.randn(20, found.about.seen)
    assert torch.equal(found.policy.best(codes), saved.policy.best(codes))
    for name, value in found.model.state_dict().items():
        assert torch.equal(value, saved.model.state_dict()[name])
    (tmp_path / "two").mkdir()
    player.save(found, tmp_path / "two", [])
    for name in (player.WEIGHTS, "manifest.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_player_of_another_world_has_the_v_of_that_world(
    module, contents, settings, tmp_path
) -> None:
    about = player.about(module, contents["mirror"], settings)
    policy = initialise(about.seen, about.actions, settings.hidden, seed=0)
    player.save(player.Player(about, module, policy), tmp_path, [])
    found = player.load_player(tmp_path)
    assert (found.about.world, found.model.worlds) == ("mirror", ["mirror"])
    for name, value in module.vision("mirror").state_dict().items():
        assert torch.equal(value, found.model.vision("mirror").state_dict()[name])
    with pytest.raises(ArtefactError, match=r"expected a player that learned with the runs' V of"):
        check_anchor(found, module)


def test_a_player_of_another_v_or_m_is_none_of_these_runs(saved, module) -> None:
    """It would read codes that mean something else to it."""
    check_anchor(saved, module)
    other = models.initialise(module.config, module.worlds, 6, seed=1)
    with pytest.raises(ArtefactError, match="found one of another model"):
        check_anchor(saved, other)


def test_a_manifest_of_before_is_of_a_player_of_the_original(saved, tmp_path: Path) -> None:
    path = tmp_path / "one" / "manifest.json"
    content = records.read(path)
    assert content.pop("world") == "original"
    records.write(path, content)
    assert player.load_player(tmp_path / "one").about.world == "original"


def test_what_is_no_player_is_told(saved, tmp_path: Path) -> None:
    path = tmp_path / "one" / "manifest.json"
    content = records.read(path)
    records.write(path, {**content, "kind": "meta-world model"})
    with pytest.raises(ArtefactError, match=r"manifest\.json: expected a player's manifest"):
        player.load_player(tmp_path / "one")
    records.write(path, {**content, "control": {**content["control"], "hidden": 9}})
    with pytest.raises(ArtefactError, match=r"player\.safetensors: policy\.actor.*: expected"):
        player.load_player(tmp_path / "one")
    records.write(path, content)
    weights = tmp_path / "one" / player.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtefactError, match="found other bytes, perhaps damaged"):
        player.load_player(tmp_path / "one")
