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
    """Moments of test episodes at which the ball is in play, spread evenly over them.

    Of disjoint sequences of LENGTH + `steps` frames, those that show the object with the largest
    box when M stops reading, and in IN_PLAY of the RALLY frames that follow; where none does, those
    that show it most. Fewer than `steps` if no test episode is long enough.

    Raises:
        MwmError: no test episode is longer than LENGTH.
    """
    longest = max(original.lengths["test"], default=0)
    total = LENGTH + max(1, min(steps, longest - 1 - LENGTH))
    starts = windows(original, total, len(original.frames))
    view = OriginalView(original, torch.device("cpu"))
    seen = np.zeros(len(starts), np.int64)
    if ball := roaming(view.objects):
        after = LENGTH - 1 + np.arange(min(RALLY, total - LENGTH) + 1)
        packed = torch.from_numpy(original.frames[starts[:, None] + after])
        present = there(shown(view, packed)[ball]).numpy()
        seen = present[:, 0] * present.sum(1)
    playing = starts[seen >= min(IN_PLAY, seen.max())]
    chosen = playing[np.linspace(0, len(playing) - 1, min(count, len(playing))).astype(np.int64)]
    index = chosen[:, None] + np.arange(total)
    return Moments(original.frames[index], original.actions[index])
