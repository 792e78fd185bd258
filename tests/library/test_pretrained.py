"""Pretrained models: what is written is read back nearly as it was, by name."""

import numpy as np
import pytest
import torch

import mwm
from mwm import ArtefactError, UsageError
from mwm.control import player
from mwm.control.policy import initialise as policy_of
from mwm.io import records
from mwm.library import pretrained
from mwm.models.model import initialise


@pytest.fixture
def written(defaults, contents, tmp_path, monkeypatch):
    """A model and a player in the place of those that mwm comes with."""
    model = initialise(defaults.train.model, ["original", "mirror"], 6, seed=0).eval()
    about = player.about(model, contents["original"], defaults.control)
    policy = policy_of(about.seen, 6, about.control.hidden, seed=0)
    policy.calibrate(torch.randn(50, about.seen), about.model.latent)
    pretrained.write(tmp_path, model, policy.state_dict(), about.model_dump())
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    monkeypatch.setattr(pretrained.read, "__defaults__", (tmp_path,))
    return model, policy


def test_they_are_loaded_by_name_from_anywhere(written, contents, tmp_path, monkeypatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    model, policy = written
    found, acting = mwm.load("pretrained"), mwm.load_player("pretrained")
    assert found.worlds == model.worlds
    frames = contents["mirror"].frames[:50]
    whole = mwm.TrainedModel(model).encode("mirror", frames)
    z = found.encode("mirror", frames)
    assert np.abs(z - whole).max() < 0.1 * whole.std()
    assert not np.array_equal(z, whole)
    codes = np.random.default_rng(0).normal(size=(200, acting.about.seen)).astype(np.float32)
    same = acting.choose(codes) == policy.best(torch.from_numpy(codes)).numpy()
    assert same.mean() > 0.9
    assert acting.about.game == "ALE/Pong-v5"
    assert (tmp_path / pretrained.WEIGHTS).stat().st_size < 4e6, "a byte per number, and a little"


def test_their_folder_will_do_for_their_name(written, tmp_path) -> None:
    """It was said to lack the files of a pipeline's model."""
    named, found = (mwm.load(each).module.state_dict() for each in ("pretrained", tmp_path))
    assert all(torch.equal(value, found[name]) for name, value in named.items())
    named, found = (mwm.load_player(each).policy.state_dict() for each in ("pretrained", tmp_path))
    assert all(torch.equal(value, found[name]) for name, value in named.items())


def test_rounding_is_what_writing_and_reading_do(written) -> None:
    once, kept = pretrained.rounded(written[0]).state_dict(), written[0].state_dict()
    for name, value in pretrained.read()[0].state_dict().items():
        assert torch.equal(value, once[name])
        assert (value.float() - kept[name]).abs().max() <= 0.01 * kept[name].float().abs().max()


def test_the_same_models_have_the_same_bytes(written, tmp_path) -> None:
    model, policy = written
    (tmp_path / "again").mkdir()
    again = player.load_player("pretrained").about.model_dump()
    pretrained.write(tmp_path / "again", model, policy.state_dict(), again)
    before, after = (path / pretrained.WEIGHTS for path in (tmp_path, tmp_path / "again"))
    assert before.read_bytes() == after.read_bytes()


def test_a_policy_of_another_shape_is_told(written, contents, defaults, tmp_path) -> None:
    """It once ended in torch's own error, of twenty lines."""
    model, _ = written
    about = player.about(model, contents["original"], defaults.control)
    other = policy_of(about.seen, 6, 2 * about.control.hidden, seed=0)
    pretrained.write(tmp_path, model, other.state_dict(), about.model_dump())
    with pytest.raises(ArtefactError, match=r"weights.safetensors: \w.*: expected .*, found "):
        mwm.load_player("pretrained")


def test_what_a_manifest_claims_takes_no_memory_before_it_is_checked(written, tmp_path) -> None:
    """Models and a policy of the claimed size were built first."""
    content = records.read(tmp_path / records.MANIFEST)
    huge = {"model": {**content["model"], "memory": 65536}}
    huge_policy = {"control": {**content["control"], "hidden": 65536}}
    for claim, load in ((huge, mwm.load), (huge_policy, mwm.load_player)):
        records.write(tmp_path / records.MANIFEST, {**content, **claim})
        with pytest.raises(ArtefactError, match=r"weights.safetensors: \w.*: expected .*, found "):
            load("pretrained")


def test_none_or_damaged_ones_are_told(written, tmp_path, monkeypatch) -> None:
    path = tmp_path / pretrained.WEIGHTS
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArtefactError, match="found other bytes, perhaps damaged"):
        mwm.load("pretrained")
    (tmp_path / "manifest.json").unlink()
    for load in (mwm.load, mwm.load_player):
        with pytest.raises(UsageError, match="expected the models that mwm comes with, found none"):
            load("pretrained")
