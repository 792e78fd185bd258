"""Split episodes into training, validation and test."""

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.frames import SPLITS
from mwm.settings.preprocess import split_counts


def split_episodes(episodes: int, validation: float, test: float) -> NDArray[np.uint8]:
    """(episodes,) indices into SPLITS: training episodes first, then validation, then test.

    Raises:
        UsageError: no episode is left to train on.
    """
    counts = split_counts(episodes, validation, test)
    if counts["train"] < 1:
        raise UsageError(
            f"preprocess: expected episodes for each of {', '.join(SPLITS)}, found {episodes}, of "
            f"which validation takes {counts['validation']} and test {counts['test']}; "
            "collect more episodes"
        )
    return np.repeat(np.arange(len(SPLITS), dtype=np.uint8), list(counts.values()))
