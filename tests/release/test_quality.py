"""What mwm gives to others: models of all worlds, and how good they are said to be."""

from pathlib import Path

import pytest

from mwm import MwmError
from mwm.models.model import MetaWorldModel, initialise, save
from mwm.release.models import gather
from mwm.release.quality import quality


def test_it_is_that_of_the_worst_pair_and_of_dreams_of_25_steps() -> None:
    def pair(source: str, target: str, value: float) -> dict[str, object]:
        measured = {"alignment": value, "predicted_alignment": value - 0.1, "f1_ball": value - 0.2}
        return {"source": source, "target": target, **measured}

    def dream(step: int, found: str, own: str) -> dict[str, str]:
        of = {"step": str(step), "object": "ball", "kind": "same"}
        return of | {"found": found, "own_found": own}

    pairs = [pair("a", "b", 0.9), pair("b", "a", 0.7), pair("a", "a", 0.3)]
    pairs.append({**pair("b", "c", 0.8), "f1_ball": ""})
    dreams = [dream(25, "0.6", "0.8"), dream(25, "0.8", "0.8"), dream(25, "", "")]
    dreams += [dream(24, "0.1", "0.8"), dream(50, "0.1", "0.8"), dream(25, "0.0", "0.0")]
    assert quality(pairs, dreams) == {
        "alignment": 0.7,
        "predicted_alignment": 0.6,
        "f1_ball": 0.5,
        "found_ball_same": 0.75,
    }


def test_dreams_are_told_by_object_and_kind_as_the_worst_share_of_each() -> None:
    def dream(name: str, kind: str, found: float, own: float) -> dict[str, object]:
        return {"step": 25, "object": name, "kind": kind, "found": found, "own_found": own}

    dreams = [dream("ball", "same", 0.4, 0.5), dream("ball", "anew", 0.25, 0.5)]
    dreams += [dream("agent", "same", 1.0, 0.9), dream("ball", "anew", 0.5, 0.5)]
    assert quality([], dreams) == {
        "found_ball_same": 0.8,
        "found_ball_anew": 0.5,
        "found_agent_same": 1.1111,
    }


def test_models_of_all_worlds_are_the_anchor_s_with_every_recruit_s(
    module: MetaWorldModel, tmp_path: Path
) -> None:
    """A recruit brings its worlds, but neither its original nor its M."""
    anchor = initialise(module.config, ["original"], 6, 0)
    save(anchor, tmp_path / "anchor", {})
    brought = {"one": ["mirror"], "two": ["invert", "vswap"]}
    recruits = {}
    for seed, (name, worlds) in enumerate(brought.items(), start=1):
        recruits[name] = initialise(module.config, ["original", *worlds], 6, seed)
        save(recruits[name], tmp_path / "recruit" / name, {})
    found = gather(tmp_path, brought)
    assert list(found.worlds) == ["original", "mirror", "invert", "vswap"]
    assert not found.training
    expected = anchor.state_dict()
    for recruit in recruits.values():
        ours = ("visions.mirror.", "visions.invert.", "visions.vswap.")
        state = recruit.state_dict()
        expected |= {name: value for name, value in state.items() if name.startswith(ours)}
    assert found.state_dict().keys() == expected.keys()
    assert all(value.equal(expected[name]) for name, value in found.state_dict().items())


def test_a_recruit_of_another_architecture_is_no_part_of_them(
    module: MetaWorldModel, tmp_path: Path
) -> None:
    save(initialise(module.config, ["original"], 6, 0), tmp_path / "anchor", {})
    other = module.config.model_copy(update={"hidden": 24})
    save(initialise(other, ["original", "mirror"], 6, 0), tmp_path / "recruit/mirror", {})
    with pytest.raises(MwmError, match=r"recruit/mirror/manifest\.json: .*hidden"):
        gather(tmp_path, ["mirror"])
