"""What sums over pixels leave out of codes is told by a network that reads the sums."""

import pytest
import torch
from small_world import look_at, states_of_play
from torch import Tensor

from mwm.models.codes import Codes
from mwm.settling.remainder import Remainder


def sums_and_codes() -> tuple[Tensor, Codes]:
    """A lift that is drawn by where the ball is, and the best sums of what each contributes."""
    states, actions = states_of_play(1)

    def tangled(states: Tensor) -> Tensor:
        lift, ball = (2 * states - 1).T
        return torch.stack([lift * (1 + 0.8 * ball), ball], 1)

    codes = look_at(states, actions, tangled)
    apart = torch.cat([states, torch.ones(len(states), 1)], 1)
    return apart @ torch.linalg.lstsq(apart, codes.z).solution, codes


@pytest.mark.slow
def test_a_bat_that_v_draws_by_where_the_other_is_comes_back() -> None:
    """Sums put the agent's bat of one seed beside its place, and no variant met the criterion."""
    sums, codes = sums_and_codes()
    chance = torch.random.get_rng_state()
    mended = sums + Remainder(sums, codes)(sums)
    assert torch.equal(torch.random.get_rng_state(), chance)  # nobody else's chance is touched
    left, remains = ((codes.z - z)[:, 0].var() for z in (sums, mended))
    assert left > 0.1
    assert remains < 0.01


@pytest.mark.slow
def test_the_same_sums_and_codes_make_the_same_network() -> None:
    sums, codes = sums_and_codes()
    first, again = (Remainder(sums, codes)(sums) for _ in range(2))
    assert torch.equal(first, again)
