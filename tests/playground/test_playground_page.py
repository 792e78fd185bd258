"""The page as a text: the same of the same, self-contained, refused where scripts do not fit."""

import dataclasses
import re

import numpy as np
import pytest
import torch
from browsing import games_of, page_of

from mwm import ArtefactError, UsageError
from mwm.control.player import Player
from mwm.evaluation.tracks import shown
from mwm.io.frames import SPLITS, Frames
from mwm.metrics.objects import OriginalView, there
from mwm.models.model import MetaWorldModel, initialise
from mwm.playground.moments import LENGTH, choose
from mwm.playground.page import ROOM, SCRIPTS


def test_the_same_inputs_give_the_same_bytes(
    text: str, model: MetaWorldModel, contents: dict[str, Frames], player: Player
) -> None:
    assert page_of(model, contents, player, games_of(contents)[::-1]) == text


def test_the_page_names_no_other_file(text: str) -> None:
    assert "{{" not in text
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert "https://" not in text
    assert "http://" not in text


def test_every_script_is_in_the_page() -> None:
    assert sorted(path.name for path in ROOM.glob("*.js")) == sorted(SCRIPTS)


def test_moments_are_test_episodes_with_their_actions(contents: dict[str, Frames]) -> None:
    original = contents["original"]
    moments = choose(original, count=3, steps=30)
    assert moments.frames.shape == (len(moments.frames), LENGTH + 30, 512)
    for frames, actions in zip(*moments, strict=True):
        starts = np.flatnonzero((original.frames == frames[0]).all(1))
        fitting = [
            start
            for start in starts
            if np.array_equal(original.frames[start : start + len(frames)], frames)
            and np.array_equal(original.actions[start : start + len(frames)], actions)
        ]
        episodes = np.searchsorted(original.episode_offsets, fitting, side="right") - 1
        assert {*episodes} & {*original.episodes("test").tolist()}


def test_moments_show_the_ball_at_places_far_apart(contents: dict[str, Frames]) -> None:
    """Four of the six that the page had once showed it at the same place."""
    split = np.full_like(contents["original"].split, SPLITS.index("test"))  # there are few of them
    original = dataclasses.replace(contents["original"], split=split)
    frames = torch.from_numpy(choose(original, count=3, steps=5).frames[:, LENGTH - 1])
    places = shown(OriginalView(original, torch.device("cpu")), frames)["ball"]
    assert there(places).tolist() == [True] * 3
    assert torch.pdist(places).min() > 4


@pytest.mark.parametrize(("key", "value"), [("vision", "dense"), ("predicts", "latent")])
def test_other_architectures_are_refused(
    model: MetaWorldModel, contents: dict[str, Frames], key: str, value: str
) -> None:
    config = model.config.model_copy(update={key: value})
    other = initialise(config, model.worlds, model.actions, seed=0)
    with pytest.raises(UsageError, match=f"train.model.{key}: the playground knows"):
        page_of(other, contents, None)


def test_a_game_with_other_keys_is_refused(
    model: MetaWorldModel, contents: dict[str, Frames]
) -> None:
    original = contents["original"]
    told = {**original.attributes, "action_names": '["NOOP", "UP", "DOWN"]'}
    other = {**contents, "original": dataclasses.replace(original, attributes=told)}
    with pytest.raises(UsageError, match=r"collect\.game: the playground needs the actions"):
        page_of(model, other, None)


def test_the_player_of_another_model_is_refused(
    model: MetaWorldModel, contents: dict[str, Frames], player: Player
) -> None:
    other = initialise(model.config, model.worlds, model.actions, seed=5)
    with pytest.raises(ArtefactError, match="expected a player that learned"):
        page_of(other, contents, player)
