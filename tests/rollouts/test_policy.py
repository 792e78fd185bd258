"""The random policy: uniform, held, repeated, and the same again for the same seed."""

from itertools import islice, pairwise

import numpy as np
import pytest

from mwm import seeding
from mwm.rollouts.policy import random_actions


def _actions(steps: int, hold: int = 1, repeat: float = 0.0, episode: int = 0) -> list[int]:
    generator = seeding.generator(0, "collect", episode)
    return list(islice(random_actions(generator, 6, hold, repeat), steps))


def test_every_action_is_equally_likely() -> None:
    counts = np.bincount(_actions(60_000), minlength=6)
    assert counts.shape == (6,)
    assert np.abs(counts - 10_000).max() < 400  # four standard deviations


def test_an_action_is_held() -> None:
    chosen = _actions(100)
    held = _actions(300, hold=3)
    assert held == [action for action in chosen for _ in range(3)]


@pytest.mark.parametrize("probability", [0.25, 0.9])
def test_an_action_is_repeated_with_its_probability(probability: float) -> None:
    actions = _actions(40_000, repeat=probability)
    repeated = np.mean([one == next for one, next in pairwise(actions)])
    assert repeated == pytest.approx(probability + (1 - probability) / 6, abs=0.01)


def test_a_repeat_takes_the_action_before_and_then_the_chosen_one_again() -> None:
    """With a hold of 2 the chosen action comes through unless both of its steps repeat."""
    chosen = _actions(64)
    actions = _actions(128, hold=2, repeat=0.5)
    assert actions[0] == chosen[0]
    for step, (before, action) in enumerate(pairwise(actions), start=1):
        assert action in (before, chosen[step // 2])


def test_episodes_differ_and_each_is_the_same_again() -> None:
    assert _actions(50) == _actions(50)
    assert _actions(50) != _actions(50, episode=1)
