"""Recorded plays that the page starts from, chosen by a rule from test episodes."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from mwm.evaluation.selection import roaming, windows
from mwm.evaluation.tracks import shown
from mwm.io.frames import Frames
from mwm.metrics.objects import OriginalView, there

COUNT = 6  # plays, of an episode each
LENGTH = 25  # frames that M reads before it dreams
STEPS = 75  # that follow: 5 seconds
RALLY, IN_PLAY = 30, 25  # of so many frames, how many show a ball in play: bats hide it at times


class Moments(NamedTuple):
    """Recorded plays of the original.

    Attributes:
        frames: (plays, LENGTH + steps, 512) uint8, packed.
        actions: (plays, LENGTH + steps) uint8, each taken after its frame.
    """

    frames: NDArray[np.uint8]
    actions: NDArray[np.uint8]


def choose(original: Frames, count: int = COUNT, steps: int = STEPS) -> Moments:
    """Moments of test episodes at which the ball is in play, each time at another place.

    Of disjoint sequences of LENGTH + `steps` frames, those that show the object with the largest
    box when M stops reading, and in IN_PLAY of the RALLY frames that follow; where none does, those
    that show it most. The first has it nearest to the middle of its places. Fewer than `steps` if
    no test episode is long enough.

    Raises:
        MwmError: no test episode is longer than LENGTH.
    """
    longest = max(original.lengths["test"], default=0)
    total = LENGTH + max(1, min(steps, longest - 1 - LENGTH))
    starts = windows(original, total, len(original.frames))
    view = OriginalView(original, torch.device("cpu"))
    seen, places = np.zeros(len(starts), np.int64), np.zeros((len(starts), 2), np.float32)
    if ball := roaming(view.objects):
        after = LENGTH - 1 + np.arange(min(RALLY, total - LENGTH) + 1)
        packed = torch.from_numpy(original.frames[starts[:, None] + after])
        track = shown(view, packed)[ball]
        present = there(track).numpy()
        seen = present[:, 0] * present.sum(1)
        places = np.nan_to_num(track[:, 0].numpy())
    playing = np.flatnonzero(seen >= min(IN_PLAY, seen.max()))
    chosen = starts[playing[_apart(places[playing], min(count, len(playing)))]]
    index = chosen[:, None] + np.arange(total)
    return Moments(original.frames[index], original.actions[index])


def _apart(places: NDArray[np.float32], count: int) -> list[int]:
    """Which `count` of places (n, 2): the one nearest to their middle, then each the farthest."""
    middle = (places.min(0) + places.max(0)) / 2
    chosen = [int(np.linalg.norm(places - middle, axis=1).argmin())]
    nearest = np.full(len(places), np.inf)  # distance to what is chosen
    while len(chosen) < count:
        nearest = np.minimum(nearest, np.linalg.norm(places - places[chosen[-1]], axis=1))
        nearest[chosen] = -1.0
        chosen.append(int(nearest.argmax()))
    return chosen
