"""The split: by episode, in order, nothing twice, nothing left out."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mwm import UsageError
from mwm.frames.splitting import split_episodes


def test_the_default_shares_split_120_episodes() -> None:
    assert np.bincount(split_episodes(120, 0.1, 0.1)).tolist() == [96, 12, 12]


@example(4, 0.375, 0.375)
@given(st.integers(3, 2000), st.floats(0.001, 0.4), st.floats(0.001, 0.4))
def test_training_comes_first_then_validation_then_test(
    episodes: int, validation: float, test: float
) -> None:
    held_out = max(1, round(episodes * validation)) + max(1, round(episodes * test))
    if held_out >= episodes:  # 4 episodes, 0.375 and 0.375: two and two
        with pytest.raises(UsageError, match="collect more episodes"):
            split_episodes(episodes, validation, test)
        return
    split = split_episodes(episodes, validation, test)
    counts = np.bincount(split, minlength=3)
    assert split.shape == (episodes,)
    assert np.array_equal(split, np.sort(split))
    assert counts.min() >= 1
    assert counts[1] == max(1, round(episodes * validation))
    assert counts[2] == max(1, round(episodes * test))


@pytest.mark.parametrize(
    ("episodes", "shares", "told"),
    [
        (1, (0.1, 0.1), "found 1, of which validation takes 1 and test 1"),
        (2, (0.1, 0.1), "found 2, of which validation takes 1 and test 1"),
        (3, (0.9, 0.05), "found 3, of which validation takes 3 and test 1"),
    ],
)
def test_too_few_episodes_are_told(episodes: int, shares: tuple[float, float], told: str) -> None:
    with pytest.raises(UsageError, match=f"{told}; collect more episodes"):
        split_episodes(episodes, *shares)
