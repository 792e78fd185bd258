"""Estimate a game's background from its screens, if games.yaml does not list it."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mwm.io.rollouts import Rollouts

SAMPLES = 512

Values = TypeVar("Values", bound=np.integer[Any])


def find_background(rollouts: Rollouts, episodes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The (height, width) most frequent palette value of each pixel, in screens of `episodes`.

    It reads at most SAMPLES screens, evenly spread over the steps of those episodes; of equally
    frequent values it takes the lowest.
    """
    return most_frequent(_spread_sample(rollouts, episodes))


def most_frequent(screens: NDArray[Values]) -> NDArray[Values]:
    """The most frequent value of each pixel in (n, height, width); of two the lower one."""
    background = np.zeros(screens.shape[1:], screens.dtype)
    most = np.zeros(screens.shape[1:], np.int64)
    for value in np.unique(screens):
        count = np.count_nonzero(screens == value, axis=0)
        background[count > most] = value
        most = np.maximum(most, count)
    return background


def _spread_sample(rollouts: Rollouts, episodes: NDArray[np.int64]) -> NDArray[np.uint8]:
    ends = np.cumsum(rollouts.steps[episodes])
    count = min(SAMPLES, int(ends[-1]))
    screens = np.empty((count, *rollouts.field), np.uint8)
    for sample, position in enumerate(np.arange(count) * ends[-1] // count):
        nth = np.searchsorted(ends, position, side="right")
        episode = int(episodes[nth])
        step = int(position - ends[nth] + rollouts.steps[episode])
        screens[sample] = rollouts.screen(episode, step)
    return screens
