"""Split episodes into training, validation and test."""

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.frames import SPLITS


def split_episodes(episodes: int, validation: float, test: float) -> NDArray[np.uint8]:
    """(episodes,) indices into SPLITS: training episodes first, then validation, then test.

    Validation and test get their share of the episodes, rounded, but at least one.

    Raises:
        UsageError: no episode is left to train on.
    """
    counts = [max(1, round(episodes * share)) for share in (validation, test)]
    train = episodes - sum(counts)
    if train < 1:
        raise UsageError(
            f"preprocess: expected episodes for each of {', '.join(SPLITS)}, found {episodes}, of "
            f"which validation takes {counts[0]} and test {counts[1]}; collect more episodes"
        )
    return np.repeat(np.arange(len(SPLITS), dtype=np.uint8), [train, *counts])
