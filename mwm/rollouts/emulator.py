"""An Atari game in the emulator: fast, and a deterministic function of the actions."""

import re

import ale_py
import gymnasium
import numpy as np
from numpy.typing import NDArray

from mwm import MwmError

# Pong shows a wrong palette on the reset screen and one frame later; no other game does.
SETTLE_FRAMES = 2
NOOP = 0


def known_games() -> list[str]:
    """The Gymnasium ids of all games, ALE/*-v5."""
    gymnasium.register_envs(ale_py)
    return [name for name in gymnasium.registry if re.fullmatch(r"ALE/\w+-v5", name)]


class Emulator:
    """The emulator's own interface to a game: `act` and `screen`, 60 frames a second of play.

    Sticky actions are off, and every `reset` goes back to the moment of power-on: a quarter of the
    games start otherwise after another episode, whose traces are still in the console's memory.

    Attributes:
        action_names: the game's minimal action set, by name; `act` takes an index into it.
        shape: (height, width) of the screen in pixels.
    """

    def __init__(self, name: str) -> None:
        """Load the game with this Gymnasium id, one of `known_games()`.

        Raises:
            MwmError: its ROM is missing, cannot be read, or is another game's.
        """
        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
        gymnasium.register_envs(ale_py)
        try:
            env = gymnasium.make(name, repeat_action_probability=0.0, max_num_frames_per_episode=0)
        except OSError as error:
            raise MwmError(
                f"{name}: expected the ROM that ale-py comes with, found: "
                f"{' '.join(str(error).split())}; install ale-py again, or unset ALE_ROMS_DIR"
            ) from None
        self._ale = env.unwrapped.ale  # type: ignore[attr-defined]
        self._power_on = self._ale.cloneState()
        self._actions = self._ale.getMinimalActionSet()
        self.action_names = [action.name for action in self._actions]
        self.shape: tuple[int, int] = self._ale.getScreenDims()
        self._screen = np.empty(self.shape, np.uint8)

    def reset(self) -> None:
        """Start an episode, past the frames that show a wrong palette.

        Both are needed: a restored state alone lacks something in a few games (Qbert, Tetris).
        """
        self._ale.restoreState(self._power_on)
        self._ale.reset_game()
        for _ in range(SETTLE_FRAMES):
            self._ale.act(NOOP)

    def act(self, action: int, frames: int) -> float:
        """Hold an action for some emulated frames; returns the reward of them all."""
        held = self._actions[action]
        return float(sum(self._ale.act(held) for _ in range(frames)))

    def screen(self) -> NDArray[np.uint8]:
        """The screen, (height, width) palette values; overwritten by the next call."""
        self._ale.getScreen(self._screen)
        return self._screen

    def pictures(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The screen as Gymnasium shows it: (height, width, 3) RGB, and (height, width) gray."""
        return self._ale.getScreenRGB(), self._ale.getScreenGrayscale()

    @property
    def over(self) -> bool:
        """Whether the game has ended: further actions would do nothing."""
        return bool(self._ale.game_over())
