"""Play one episode with the random policy and compress its screens."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from mwm import seeding
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.policy import random_actions

CHUNK = 64  # screens per compressed chunk
GZIP_LEVEL = 2  # as fast as level 1, in a fifth of its bytes


@dataclass(frozen=True)
class Recipe:
    """Everything that an episode depends on, except its index.

    Attributes:
        game: Gymnasium id.
        rows, columns: the field on the screen, half open.
        frame_skip: emulated frames per step.
        hold: steps for which a random action is held.
        repeat_probability: chance per step that the last action is repeated instead.
        max_steps: steps at which an episode is cut.
        seed: root of the actions' random numbers.
    """

    game: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    frame_skip: int
    hold: int
    repeat_probability: float
    max_steps: int
    seed: int


@dataclass(frozen=True)
class Episode:
    """An episode as it is written to the file.

    Attributes:
        chunks: compressed blocks of `chunk_shape`, in order; the last is padded with zeros.
        chunk_shape: (min(CHUNK, steps), height, width) uint8 palette values of the field. The
            screen of step t is what the player sees before action t.
        actions: (steps,) uint8, indices into the minimal action set.
        rewards: (steps,) float32.
    """

    chunks: list[bytes]
    chunk_shape: tuple[int, ...]
    actions: NDArray[np.uint8]
    rewards: NDArray[np.float32]


def play(emulator: Emulator, recipe: Recipe, index: int) -> Episode:
    """Play episode `index`: its actions depend on the recipe's seed and on `index` alone."""
    policy = random_actions(
        seeding.generator(recipe.seed, "collect", index),
        len(emulator.action_names),
        recipe.hold,
        recipe.repeat_probability,
    )
    (top, bottom), (left, right) = recipe.rows, recipe.columns
    screens = np.empty((CHUNK, bottom - top, right - left), np.uint8)
    chunks: list[bytes] = []
    actions: list[int] = []
    rewards: list[float] = []
    emulator.reset()
    for step, action in enumerate(islice(policy, recipe.max_steps)):
        if emulator.over:
            break
        if step and step % CHUNK == 0:
            chunks.append(_deflate(screens))
        screens[step % CHUNK] = emulator.screen()[top:bottom, left:right]
        actions.append(action)
        rewards.append(emulator.act(action, recipe.frame_skip))
    screens[(len(actions) - 1) % CHUNK + 1 :] = 0
    last = screens[: len(actions)]
    chunks.append(_deflate(last))
    return Episode(chunks, last.shape, np.array(actions, np.uint8), np.array(rewards, np.float32))


def _deflate(screens: NDArray[np.uint8]) -> bytes:
    """The output of HDF5's gzip filter, computed here so that all workers share the work."""
    return zlib_ng.compress(screens.data, GZIP_LEVEL)
