"""One game in progress: how it starts, what a step does, and what its screen is as a frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mwm.io.frames import SIDE
from mwm.rollouts.emulator import NOOP, Emulator


@dataclass(frozen=True)
class Setup:
    """What a game is played with; `mwm.environments.options` makes and checks one.

    Attributes:
        game: Gymnasium id of the emulator's game.
        field: rows and columns of the playing field on the screen.
        shape: (height, width) of that field in pixels.
        background: palette value of what shows nothing, () or (height, width) uint8.
        frame_skip: emulated frames per step.
        repeat_action_probability: chance per emulated frame that the action before it goes on.
        noop_max: most steps without an action at the start of an episode.
    """

    game: str
    field: tuple[slice, slice]
    shape: tuple[int, int]
    background: NDArray[np.uint8]
    frame_skip: int
    repeat_action_probability: float
    noop_max: int


class Console:
    """The emulator with one game: all chance is that of the generators that calls hand in."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._emulator = Emulator(setup.game)
        self._held = NOOP

    def reset(self, rng: np.random.Generator) -> int:
        """Start an episode; returns how many steps without an action it began with."""
        self._emulator.reset()
        self._held = NOOP
        most = self.setup.noop_max
        noops = int(rng.integers(most, endpoint=True)) if most else 0
        for _ in range(noops):
            self._emulator.act(NOOP, self.setup.frame_skip)
        if self.over:  # a game that ends by itself: it starts without waiting
            self._emulator.reset()
            return 0
        return noops

    def step(self, action: int, rng: np.random.Generator) -> float:
        """Take an action of the minimal set; returns the emulator's rewards of all frames.

        With sticky actions each emulated frame goes on with the action before it by chance, as in
        the emulator itself: so the step begins with some frames of the old action, perhaps all.
        """
        frames, old = self.setup.frame_skip, 0
        if chance := self.setup.repeat_action_probability:
            while old < frames and rng.random() < chance:
                old += 1
        reward = self._emulator.act(self._held, old)
        if old < frames:
            self._held = action
            reward += self._emulator.act(action, frames - old)
        return reward

    def mask(self, out: NDArray[np.bool_]) -> None:
        """Write where the playing field shows something, (height, width), into `out`.

        `any_pool` of many such masks at once makes the original's frames of them: it takes seven
        times as long for one alone.
        """
        np.not_equal(self._emulator.screen()[self.setup.field], self.setup.background, out=out)

    @property
    def over(self) -> bool:
        """Whether the game has ended."""
        return self._emulator.over


def pictures(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Packed frames (n, 512) as pictures (n, 64, 64) uint8 of 0 and 1."""
    return np.unpackbits(frames, axis=-1).reshape(-1, SIDE, SIDE)
