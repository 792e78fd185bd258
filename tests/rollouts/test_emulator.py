"""The emulator: right colours from the first screen on, and nothing but the actions decides."""

from pathlib import Path

import ale_py
import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray

from mwm import MwmError
from mwm.rollouts.emulator import Emulator, known_games

FIELD = slice(34, 194)
COLOURS = {34, 14, 56, 200}  # background, ball, opponent's bat, agent's bat


@pytest.fixture(scope="module")
def pong() -> Emulator:
    return Emulator("ALE/Pong-v5")


def _screens(emulator: Emulator, frame_skip: int, steps: int, seed: int = 0) -> NDArray[np.uint8]:
    emulator.reset()
    screens = []
    for action in np.random.default_rng(seed).integers(len(emulator.action_names), size=steps):
        screens.append(emulator.screen().copy())
        emulator.act(int(action), frame_skip)
    return np.array(screens)


def test_the_reset_screen_does_have_a_wrong_palette() -> None:
    gymnasium.register_envs(ale_py)
    ale = gymnasium.make("ALE/Pong-v5", repeat_action_probability=0.0).unwrapped.ale
    found = []
    ale.reset_game()
    for _ in range(3):
        found.append(set(np.unique(ale.getScreen()[FIELD]).tolist()))
        ale.act(0)
    assert not found[0] & COLOURS
    assert not found[1] & COLOURS
    assert found[2] <= COLOURS


@pytest.mark.parametrize("frame_skip", [1, 2, 3, 4])
def test_no_screen_has_a_wrong_palette(pong: Emulator, frame_skip: int) -> None:
    for seed in range(3):
        screens = _screens(pong, frame_skip, 30, seed)
        assert set(np.unique(screens[:, FIELD]).tolist()) <= COLOURS


def _fresh_screens(game: str, frame_skip: int, steps: int) -> NDArray[np.uint8]:
    """What gymnasium's environment shows of the same play, two frames after its first reset."""
    env = gymnasium.make(game, repeat_action_probability=0.0)
    env.reset()
    ale, screens = env.unwrapped.ale, []
    actions = ale.getMinimalActionSet()
    for action in [0, 0]:
        ale.act(action)
    for action in np.random.default_rng(0).integers(len(actions), size=steps):
        screens.append(ale.getScreen())
        for _ in range(frame_skip):
            ale.act(actions[action])
    return np.array(screens)


@pytest.mark.parametrize(
    "game", ["ALE/Pong-v5", "ALE/FishingDerby-v5", "ALE/BeamRider-v5", "ALE/Qbert-v5"]
)
def test_screens_depend_on_the_actions_alone(game: str) -> None:
    """Fishing Derby starts from what is left in memory; a restored Qbert lacks something."""
    emulator = Emulator(game)
    first = _screens(emulator, 2, 120)
    _screens(emulator, 3, 70, seed=1)
    assert np.array_equal(first, _screens(emulator, 2, 120))
    assert np.array_equal(first, _fresh_screens(game, 2, 120))


def test_pong_knows_six_actions(pong: Emulator) -> None:
    assert pong.action_names == ["NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE"]
    assert pong.shape == (210, 160)


def test_an_agent_that_does_nothing_loses_by_twenty_one_points(pong: Emulator) -> None:
    pong.reset()
    rewards = []
    while not pong.over:
        rewards.append(pong.act(0, 60))
    assert sum(rewards) == -21


def test_all_games_of_the_emulator_are_known() -> None:
    assert len(known_games()) > 100
    assert "ALE/Breakout-v5" in known_games()


@pytest.mark.parametrize("content", [None, b"another game"])
def test_a_rom_that_is_missing_or_another_games_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setenv("ALE_ROMS_DIR", str(tmp_path))
    if content:
        (tmp_path / "pong.bin").write_bytes(content)
    with pytest.raises(MwmError, match=r"^ALE/Pong-v5: expected the ROM that ale-py") as caught:
        Emulator("ALE/Pong-v5")
    assert "\n" not in str(caught.value)
