"""What sums over pixels leave out of codes is told by a network that reads the sums."""

import pytest
import torch
from small_world import look_at, states_of_play
from torch import Tensor

from mwm.models.codes import Codes
from mwm.settling.correction import Correction
from mwm.settling.remainder import Remainder


def sums_and_codes() -> tuple[Tensor, Codes]:
    """A lift that is drawn by where the ball is, beside much else, and the best sums of parts."""
    states, actions = states_of_play(1)
    others = torch.rand(len(states), 14, generator=torch.Generator().manual_seed(0))

    def tangled(states: Tensor) -> Tensor:
        lift, ball = (2 * states - 1).T
        return torch.cat([torch.stack([lift * (1 + 0.8 * ball), ball], 1), others], 1)

    codes = look_at(states, actions, tangled)
    apart = torch.cat([states, others, torch.ones(len(states), 1)], 1)
    return apart @ torch.linalg.lstsq(apart, codes.z).solution, codes


@pytest.mark.slow
def test_a_bat_that_v_draws_by_where_the_other_is_comes_back() -> None:
    """Sums put the agent's bat of one seed beside its place, and no variant met the criterion.

    Random features, which told before what sums leave out, did too little.
    """
    sums, codes = sums_and_codes()
    features = Correction(sums, codes.z - sums, codes.weights)
    chance = torch.random.get_rng_state()
    network = Remainder(sums, codes)
    assert torch.equal(torch.random.get_rng_state(), chance)  # nobody else's chance is touched
    known = (sums, sums + features(sums), sums + network(sums))
    left, by_features, by_network = ((codes.z - z)[:, 0].var() for z in known)
    assert left > 0.1
    assert by_features > 0.01
    assert by_network < 0.002


@pytest.mark.slow
def test_the_same_sums_and_codes_make_the_same_network() -> None:
    sums, codes = sums_and_codes()
    first, again = (Remainder(sums, codes)(sums) for _ in range(2))
    assert torch.equal(first, again)
