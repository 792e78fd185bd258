"""Functions of the dynamics: what moves by actions, and what moves slowly, in any world."""

import pytest
import torch
from small_world import as_is, look_at, states_of_play, turned
from torch import Tensor

from mwm.decipherment.functions import controlled, slow


def explained(function: Tensor, by: Tensor) -> float:
    """Share of a function's variance that is between 20 bins of a state."""
    bins = (by * 19.99).long()
    count = torch.bincount(bins, minlength=20).clamp(min=1)
    means = torch.zeros(20).index_add_(0, bins, function) / count
    return float(means[bins].var() / function.var())


@pytest.mark.slow
def test_controlled_functions_are_of_what_the_actions_move_in_any_world() -> None:
    for look in (as_is, turned):
        states, actions = states_of_play(1)
        codes = look_at(states, actions, look)
        functions = controlled(codes, 3, 4, seed=0)(codes.z)
        lift, ball = (explained(functions[:, 0], state) for state in states.T)
        assert lift > 0.7
        assert ball < 0.1


@pytest.mark.slow
def test_controlled_coordinates_tell_the_ends_of_a_way_apart() -> None:
    """V of one seed drew the bat's way as a loop: its fastest functions took top for bottom."""
    states, actions = states_of_play(1)

    def looped(states: Tensor) -> Tensor:
        angle = 1.8 * torch.pi * states[:, 0]
        return torch.stack([angle.cos(), angle.sin(), states[:, 1]], 1)

    codes = look_at(states, actions, looped)
    functions = controlled(codes, 3, 4, seed=0)(codes.z)[:, :2]
    low, high = (functions[states[:, 0] == end] for end in (0.0, 1.0))
    spread = 0.5 * (low.std(0) + high.std(0)).norm()
    assert (low.mean(0) - high.mean(0)).norm() > 3 * spread


@pytest.mark.slow
def test_a_product_of_what_actions_move_and_something_else_is_no_controlled_function() -> None:
    """V of one seed drew the agent's bat by the opponent's, and other worlds' Vs did not."""
    plays = [states_of_play(seed) for seed in range(1, 9)]
    states, actions = (torch.cat(parts) for parts in zip(*plays, strict=True))

    def tangled(states: Tensor) -> Tensor:
        angle = 1.8 * torch.pi * states[:, 0]
        lift, ball = (2 * states - 1).T
        return torch.stack([angle.cos(), angle.sin(), states[:, 1], lift * ball], 1)

    codes = look_at(states, actions, tangled)
    functions = controlled(codes, 3, 4, seed=0)(codes.z)
    for coordinate in functions[:, :2].T:
        assert explained(coordinate, states[:, 0]) > 0.7


def test_slow_functions_have_unit_variance_and_the_slowest_is_first() -> None:
    states, actions = states_of_play(2)
    codes = look_at(states, actions, turned)
    values = slow(codes, 4, 4, 2, 300, seed=0)(codes.z)
    later = (values[10:-10] * values[14:-6]).mean(0)
    torch.testing.assert_close(values[1:].std(0), torch.ones(4), atol=0.1, rtol=0)
    assert later.argmax() == 0
    assert later[0] > 0.8
