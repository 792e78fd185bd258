"""One game as a Gymnasium environment: the pipeline's frames, and what chance may change."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

import mwm
import mwm.environments
from mwm.environments.game import GameEnv
from mwm.io.frames import Frames
from mwm.rollouts.emulator import Emulator, known_games

PONG = "mwm/Pong-v0"
STICKY = {"repeat_action_probability": 0.25, "noop_max": 30}


def played(env: gymnasium.Env[Any, Any], actions: Any, seed: int | None = 0) -> NDArray[np.uint8]:
    """What is observed from the reset on, before each action and after the last."""
    seen = [env.reset(seed=seed)[0]]
    for action in actions:
        seen.append(env.step(int(action))[0])
    return np.stack(seen)


@pytest.fixture(scope="module")
def actions() -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(6, size=150)


@pytest.mark.parametrize(
    "options",
    [
        {"world": "mirror"},
        {"world": ["transpose", "invert"], **STICKY},
        {"world": mwm.World("mine", [{"permutation": {"seed": 7}}]), "packed": True},
        {"game": "ALE/Breakout-v5", "background": 0, "frame_skip": 1, **STICKY},
    ],
    ids=["mirror", "sticky", "packed", "Breakout"],
)
def test_gymnasium_s_checker_finds_nothing(options: dict[str, Any]) -> None:
    check_env(gymnasium.make(PONG, **options).unwrapped)


def test_observations_are_the_pipeline_s_frames_in_every_world(
    worlds: Path, contents: dict[str, Frames]
) -> None:
    with h5py.File(worlds / "rollouts.h5") as rollouts:
        rewards = rollouts["rewards"][:]
    for world, content in contents.items():
        env = gymnasium.make(PONG, world=world).unwrapped
        for episode in (3, 0):
            first, end = content.episode_offsets[episode : episode + 2]
            seen, gained = [env.reset()[0]], []
            for action in content.actions[first:end]:
                frame, reward, *_ = env.step(action)
                seen.append(frame)
                gained.append(reward)
            expected = content.frames[first:end]
            assert np.array_equal(np.packbits(np.stack(seen[:-1]).reshape(-1, 4096), 1), expected)
            assert gained == rewards[first:end].tolist()


def test_a_world_shows_the_original_s_frames_through_its_bijection(actions) -> None:
    original = played(gymnasium.make(PONG, **STICKY), actions)
    packed = played(gymnasium.make(PONG, **STICKY, packed=True), actions)
    assert original.dtype == np.uint8
    assert np.array_equal(mwm.unpack(packed), original.view(bool))
    for steps in (["mirror"], ["transpose", "invert"], [{"permutation": {"seed": 7}}]):
        world = mwm.World("other", steps)
        seen = played(gymnasium.make(PONG, world=world, **STICKY), actions)
        assert np.array_equal(seen.view(bool), world.show(original.view(bool)))
        assert not np.array_equal(seen, original)


def test_a_seed_determines_all_that_follows(actions) -> None:
    env = gymnasium.make(PONG, **STICKY)
    first = [played(env, actions, seed) for seed in (5, None)]
    other = gymnasium.make(PONG, **STICKY)
    other.reset(seed=1)
    again = [played(other, actions, seed) for seed in (5, None)]
    assert np.array_equal(first, again)
    assert not np.array_equal(*first), "chance goes on over resets"
    assert not np.array_equal(played(env, actions, 6), first[0])


def test_without_options_nothing_is_left_to_chance(actions) -> None:
    env = gymnasium.make(PONG)
    assert np.array_equal(played(env, actions, 5), played(env, actions, 6))


def test_sticky_actions_go_on_from_emulated_frame_to_frame_as_in_the_emulator(actions) -> None:
    """The emulator: before every frame, take the new action unless chance keeps the old one."""
    env = GameEnv(repeat_action_probability=0.4)
    seen = played(env, actions, seed=3)
    chance, emulator = np.random.default_rng(3), Emulator("ALE/Pong-v5")
    emulator.reset()
    held, expected = 0, []
    for action in actions:
        fresh = False
        for _ in range(4):
            if not fresh:  # the action is the same afterwards, kept or not
                fresh = chance.random() >= 0.4
                held = action if fresh else held
            emulator.act(int(held), 1)
        expected.append(mwm.frames_of("ALE/Pong-v5", emulator.screen(), colours="palette")[0])
    assert np.array_equal(seen[1:].view(bool), mwm.unpack(np.stack(expected)))


def test_an_episode_begins_with_up_to_noop_max_steps_without_an_action(actions) -> None:
    env, plain = GameEnv(noop_max=5), GameEnv()
    found = set()
    for seed in range(30):
        frame, info = env.reset(seed=seed)
        found.add(info["noops"])
        assert np.array_equal(frame, played(plain, [0] * info["noops"])[-1])
    assert found == set(range(6))


def test_a_game_that_ends_by_itself_starts_without_waiting() -> None:
    env = GameEnv(noop_max=10_000, frame_skip=60)
    begun = [env.reset(seed=seed)[1]["noops"] for seed in range(3)]
    assert begun == [0, 0, 0]
    assert not env.step(0)[2]


def test_a_game_ends_as_the_emulator_s_and_then_waits_for_a_reset() -> None:
    env = GameEnv(frame_skip=60)
    with pytest.raises(mwm.UsageError, match="found it over"):
        env.step(0)
    env.reset(seed=0)
    rewards, over = [], False
    while not over:
        _, reward, over, truncated, _ = env.step(0)
        rewards.append(reward)
        assert not truncated
    assert sum(rewards) == -21
    with pytest.raises(mwm.UsageError, match=r"^step: expected a game that goes on, found it over"):
        env.step(0)
    env.reset()
    assert not env.step(0)[2]


def test_gymnasium_cuts_episodes() -> None:
    assert gymnasium.spec(PONG).max_episode_steps == 27_000
    env = gymnasium.make(PONG, max_episode_steps=3)
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(3)] == [False, False, True]


def test_actions_have_the_emulator_s_names_in_every_world() -> None:
    env = GameEnv(world="mirror")
    assert env.get_action_meanings() == ["NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE"]
    assert env.action_space.n == 6


def test_a_picture_is_what_the_world_shows() -> None:
    env = GameEnv(world="invert", render_mode="rgb_array", frame_skip=2)
    assert env.render() is None
    frame, _ = env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (256, 256, 3)
    assert np.array_equal(picture[::4, ::4], np.repeat(frame[..., None] * 255, 3, 2))
    assert env.metadata["render_fps"] == 30
    assert GameEnv.metadata["render_fps"] == 15


def test_every_game_of_the_emulator_is_registered_and_a_module_s_name_is_enough() -> None:
    for game in known_games():
        assert f"mwm/{game[4:-3]}-v0" in gymnasium.registry
    code = "import gymnasium as g; print(g.make('mwm.environments:mwm/Pong-v0', world='hswap'))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.stdout.split("\n")[:2] == [
        "<TimeLimit<OrderEnforcing<PassiveEnvChecker<GameEnv<mwm/Pong-v0>>>>>",
        "False",
    ]


def test_points_of_frames_in_which_the_old_action_goes_on_count() -> None:
    """Only frames were compared: points that fell while an action stuck could be lost."""
    env = GameEnv(repeat_action_probability=0.9, frame_skip=30)
    env.reset(seed=3)
    chance, emulator = np.random.default_rng(3), Emulator("ALE/Pong-v5")
    emulator.reset()
    held, over, action = 0, False, 2
    while not over:
        points, fresh = 0.0, False
        for _ in range(30):
            if not fresh:
                fresh = chance.random() >= 0.9
                held = action if fresh else held
            points += emulator.act(int(held), 1)
        _, reward, over, _, _ = env.step(action)
        assert reward == points
    assert over == emulator.over


def test_a_game_begins_without_an_action_that_sticks_from_the_one_before() -> None:
    """After games a seed would no longer determine what follows."""
    sticky = {"repeat_action_probability": 0.99}
    env, fresh = GameEnv(**sticky), GameEnv(**sticky)
    env.reset(seed=0)
    for _ in range(200):
        env.step(2)  # by then it is held
    seen = []
    for each in (env, fresh):
        frames = [each.reset(seed=4)[0], *(each.step(0)[0] for _ in range(60))]
        seen.append(np.stack(frames))
    assert np.array_equal(*seen)
