"""Practice: what a player did is kept as it happened, and comes after a world's random plays."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch

from mwm import ArtefactError, UsageError, seeding
from mwm.control import player, policy
from mwm.control.look import Mask
from mwm.control.player import Player
from mwm.control.visions import of_same_anchor
from mwm.environments.codes import Codes
from mwm.environments.game import GameEnv
from mwm.environments.reader import Reader
from mwm.io.frames import Frames
from mwm.library.model import TrainedModel
from mwm.models.model import MetaWorldModel, initialise, save
from mwm.practice import adding, playing
from mwm.settings.params import Params

EPISODES, LIMIT, SEED = 3, 60, 5


@pytest.fixture(scope="module")
def amateur(module: MetaWorldModel, contents: dict[str, Frames], defaults: Params) -> Player:
    """A player with these, whose policy is fresh, too."""
    settings = defaults.control.model_copy(update={"hidden": 8, "noops": 3})
    about = player.about(module, contents["original"], settings)
    novice = policy.initialise(about.seen, about.actions, 8, seed=0)
    drawn = torch.randn(100, about.seen, generator=torch.Generator().manual_seed(0))
    novice.calibrate(drawn, about.model.latent)
    return Player(about, module, novice)


@pytest.fixture(scope="module")
def mirror(contents: dict[str, Frames]) -> Frames:
    """Random plays of a world, cut after a second of the game or so."""
    content = contents["mirror"]
    return replace(content, attributes={**content.attributes, "max_steps": LIMIT})


@pytest.fixture(scope="module")
def plays(amateur: Player, module: MetaWorldModel, mirror: Frames) -> playing.Plays:
    """What the player did in it."""
    return playing.practise(amateur, module, mirror, EPISODES, SEED, workers=2)


def test_every_play_can_be_played_again(plays: playing.Plays, contents: dict[str, Frames]) -> None:
    """In a single environment, by the actions that were kept."""
    assert plays.lengths.tolist() == [LIMIT] * EPISODES
    begin = 0
    for place, length in enumerate(plays.lengths.tolist()):
        env = gymnasium.make("mwm/Pong-v0", noop_max=3, packed=True)
        seed = seeding.derive(SEED, "practice", "mirror", place, 0)
        frame, _ = env.reset(seed=seed)
        points = 0.0
        for step in range(begin, begin + length):
            assert np.array_equal(plays.frames[step], frame), f"episode {place}, step {step}"
            frame, reward, *_ = env.step(int(plays.actions[step]))
            points += float(reward)
        assert points == plays.points[place]
        begin += length
    assert len(plays.frames) == len(plays.actions) == begin


def test_without_chance_every_action_is_the_players(
    amateur: Player, module: MetaWorldModel, mirror: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it chooses by that world's V, not by the original's."""
    monkeypatch.setattr(playing, "SHARES", (0.0, 0.0))
    played = playing.practise(amateur, module, mirror, 1, SEED, workers=1)
    game = gymnasium.make("mwm/Pong-v0", world="mirror", noop_max=3)
    env = Codes(game, TrainedModel(module))
    codes, _ = env.reset(seed=seeding.derive(SEED, "practice", "mirror", 0, 0))
    for action in played.actions.tolist():
        assert amateur.choose(codes[None])[0] == action
        codes, *_ = env.step(action)


def test_choices_at_random_rise_from_episode_to_episode(
    amateur: Player, module: MetaWorldModel, mirror: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "SHARES", (0.0, 1.0))
    monkeypatch.setattr(policy.Policy, "best", lambda self, codes: torch.zeros(len(codes)).long())
    plays = playing.practise(amateur, module, mirror, 3, SEED, workers=1)
    first, middle, last = np.split(plays.actions, np.cumsum(plays.lengths)[:-1])
    assert not first.any()
    assert 0 < np.count_nonzero(middle) < np.count_nonzero(last)
    assert len(set(last.tolist())) == 6


def test_a_player_sees_the_opponent_as_it_did_when_it_learned(
    amateur: Player,
    module: MetaWorldModel,
    mirror: Frames,
    contents: dict[str, Frames],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plays that are kept show the bat all the same: V is to learn from what was there."""
    monkeypatch.setattr(playing, "SHARES", (0.0, 0.0))
    mask = Mask("erased", contents["original"], SEED)
    played = playing.practise(amateur, module, mirror, 1, SEED, mask, workers=1)
    none = np.zeros(len(played.frames), np.int64)
    blind = mask(played.frames, none)
    assert not np.array_equal(blind, played.frames)
    reader = Reader(TrainedModel(module), "mirror", "hidden", 1)
    for frame, action in zip(mirror.show(blind), played.actions.tolist(), strict=True):
        assert amateur.choose(reader.see(frame[None]))[0] == action
        reader.act([action])


def test_plays_do_not_depend_on_the_processes_and_differ_by_world(
    amateur: Player,
    module: MetaWorldModel,
    mirror: Frames,
    contents: dict[str, Frames],
    plays: playing.Plays,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again = playing.practise(amateur, module, mirror, EPISODES, SEED, workers=1)
    assert np.array_equal(again.frames, plays.frames)
    assert np.array_equal(again.actions, plays.actions)
    original = contents["original"]
    home = replace(original, attributes={**original.attributes, "max_steps": LIMIT})
    seeds: list[int] = []
    derive = seeding.derive

    def noting(root: int, *path: str | int) -> int:
        seed = derive(root, *path)
        if "practice" in path:
            seeds.append(seed)
        return seed

    monkeypatch.setattr(playing.seeding, "derive", noting)
    monkeypatch.setattr(playing, "SHARES", (1.0, 1.0))  # else another V may choose otherwise
    one, other = (
        playing.practise(amateur, module, content, EPISODES, SEED, workers=1)
        for content in (mirror, home)
    )
    assert not np.array_equal(one.actions, other.actions), "the same chance in two worlds"
    assert len(seeds) == len(set(seeds)) >= 2 * EPISODES


def test_plays_come_after_random_ones_as_the_world_shows_them(
    mirror: Frames, plays: playing.Plays
) -> None:
    whole = adding.added(mirror, plays)
    before = len(mirror.frames)
    assert np.array_equal(whole.frames[:before], mirror.frames)
    assert np.array_equal(whole.frames[before:], mirror.show(plays.frames))
    assert np.array_equal(whole.actions[before:], plays.actions)
    assert np.array_equal(np.diff(whole.episode_offsets)[-EPISODES:], plays.lengths)
    assert whole.lengths["test"] == mirror.lengths["test"], "they are to train on"
    assert len(whole.lengths["train"]) == len(mirror.lengths["train"]) + EPISODES


def test_each_play_ends_with_its_game(
    amateur: Player, module: MetaWorldModel, contents: dict[str, Frames]
) -> None:
    """In steps of a second; the games of those that go on are no part of it."""
    late = {"control": amateur.about.control.model_copy(update={"noops": 12}), "frame_skip": 60}
    hasty = replace(amateur, about=amateur.about.model_copy(update=late))
    content = contents["mirror"]
    content = replace(content, attributes={**content.attributes, "max_steps": 1000})
    plays = playing.practise(hasty, module, content, EPISODES, SEED, workers=1)
    assert len(set(plays.lengths.tolist())) > 1, "they end at different times"
    ends = np.cumsum(plays.lengths)
    assert len(plays.frames) == len(plays.actions) == ends[-1]
    for place, (end, length) in enumerate(zip(ends, plays.lengths, strict=True)):
        env = GameEnv("ALE/Pong-v5", frame_skip=60, noop_max=12, packed=True)
        frame, _ = env.reset(seed=seeding.derive(SEED, "practice", "mirror", place, 0))
        points, over = 0.0, False
        for step in range(end - length, end):
            assert not over
            assert np.array_equal(plays.frames[step], frame)
            frame, reward, over, _, _ = env.step(int(plays.actions[step]))
            points += float(reward)
        assert over
        assert plays.points[place] == points


def test_a_player_that_learned_without_the_opponent_practises_so(
    amateur: Player, module: MetaWorldModel, mirror: Frames, contents: dict[str, Frames]
) -> None:
    blind = amateur.about.control.model_copy(update={"opponent": "erased"})
    player = replace(amateur, about=amateur.about.model_copy(update={"control": blind}))
    original = contents["original"]
    mask = Mask("erased", original, blind.seed)
    whole = adding.with_plays(player, module, mirror, original, 2, SEED, workers=1)
    plays = playing.practise(player, module, mirror, 2, SEED, mask, workers=1)
    other = playing.practise(player, module, mirror, 2, SEED, workers=1)
    assert np.array_equal(whole.actions[len(mirror.actions) :], plays.actions)
    assert not np.array_equal(plays.actions, other.actions), "it matters"
    assert whole.attributes == {**mirror.attributes, "policy": "random, then a player's"}


@pytest.mark.parametrize(
    ("attribute", "value", "found"),
    [
        ("game", "ALE/Breakout-v5", "ALE/Breakout-v5 with 4"),
        ("frame_skip", 2, "ALE/Pong-v5 with 2"),
    ],
)
def test_plays_of_another_game_are_refused(
    amateur: Player, mirror: Frames, attribute: str, value: str | int, found: str
) -> None:
    adding.check_played(amateur, mirror, "--plays data")
    other = replace(mirror, attributes={**mirror.attributes, attribute: value})
    told = rf"--plays data: expected ALE/Pong-v5 with frame skip 4, which .*, found {found};"
    with pytest.raises(UsageError, match=told):
        adding.check_played(amateur, other, "--plays data")


def test_a_v_that_was_aligned_with_another_original_is_refused(
    amateur: Player, module: MetaWorldModel, tmp_path
) -> None:
    save(module, tmp_path / "same", {}, [])
    seen = of_same_anchor(amateur, tmp_path / "same")
    assert seen.worlds == module.worlds
    save(initialise(module.config, module.worlds, 6, seed=1), tmp_path / "other", {}, [])
    with pytest.raises(ArtefactError, match="expected the player's M, found another"):
        of_same_anchor(amateur, tmp_path / "other")
