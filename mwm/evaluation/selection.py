"""Which frames are evaluated: the same disjoint test sequences of every world."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mwm import ArtefactError, MwmError
from mwm.io.frames import Frames


def windows(frames: Frames, length: int, count: int, split: str = "test") -> NDArray[np.int64]:
    """Starts of at most `count` disjoint sequences, spread evenly over the episodes of a split.

    Raises:
        MwmError: no episode of the split is long enough.
    """
    offsets = frames.episode_offsets
    starts = np.concatenate(
        [np.arange(offsets[e], offsets[e + 1] - length, length) for e in frames.episodes(split)]
    ).astype(np.int64)
    if len(starts) == 0:
        raise MwmError(
            f"expected a {split} episode of more than {length} frames, found the longest of "
            f"{max(frames.lengths[split], default=0)}; lower evaluate.length, or raise "
            "collect.max_steps"
        )
    return starts[np.linspace(0, len(starts) - 1, min(count, len(starts))).astype(np.int64)]


def check_alike(worlds: Mapping[str, Frames]) -> None:
    """Refuse worlds that do not show the same moments of play.

    Raises:
        MwmError: actions, episodes or splits differ.
    """
    (first, frames), *others = worlds.items()
    for world, other in others:
        for name in ("actions", "episode_offsets", "split"):
            if not np.array_equal(getattr(frames, name), getattr(other, name)):
                raise ArtefactError(
                    f"worlds {first} and {world}: expected the same {name}, found different ones"
                )


def roaming(objects: Mapping[str, list[int]]) -> str | None:
    """The object with the largest box to move in, in Pong the ball; the first of several."""

    def area(name: str) -> int:
        top, left, bottom, right = objects[name]
        return (bottom - top) * (right - left)

    return max(objects, key=area, default=None)
