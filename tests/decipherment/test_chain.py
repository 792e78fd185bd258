"""Chains counted from states."""

import torch
from chains import play, random_chain

from mwm.decipherment.chain import count_chain


def test_counted_chain_is_that_of_the_states() -> None:
    chain = random_chain(4, 2, seed=5)
    plays, length = 1_000, 200
    states, actions = (each.flatten() for each in play(chain, plays, length, seed=6))
    at = torch.arange(plays * length).view(plays, length)[:, :-1].flatten()  # not past a play's end
    found = count_chain(states, at, 1, 4, (actions, 2))
    torch.testing.assert_close(found.transitions, chain.transitions, atol=0.02, rtol=0)
    alone = count_chain(states, at, 1, 4)
    torch.testing.assert_close(alone.transitions[0], chain.transitions.mean(0), atol=0.02, rtol=0)
