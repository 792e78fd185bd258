"""Emissions learned from symbols: ciphers that are broken."""

from dataclasses import replace

import torch
from chains import play, random_chain

from mwm.decipherment.chain import Chain, Observations
from mwm.decipherment.learning import learn


def test_a_cipher_of_the_states_is_broken_from_random_emissions() -> None:
    chain = random_chain(6, 2, seed=3, sharp=6.0)
    states, actions = play(chain, 60, 80, seed=4)
    key = torch.tensor([3, 5, 0, 1, 4, 2])
    rng = torch.Generator().manual_seed(0)
    start = torch.rand(8, 6, 6, generator=rng) + 0.5
    start = start / start.sum(2, keepdim=True)
    ramp = [0.3 + 0.7 * i / 29 for i in range(30)] + [1.0] * 20
    emissions, likelihood = learn(chain, start, Observations(key[states], actions), ramp)
    assert emissions[0].argmax(1).tolist() == key.tolist()
    assert likelihood.tolist() == sorted(likelihood.tolist(), reverse=True)


def test_hints_tell_a_mirror_image_apart() -> None:
    """Slow functions had the agent's bat upside down, which no likelihood without hints forbade."""
    there = torch.roll(torch.eye(6), 1, 1)
    to_and_fro = 0.45 * (there + there.T) + 0.1 * torch.eye(6)
    chain = Chain(torch.full((6,), 1 / 6), to_and_fro[None])
    states, _ = play(chain, 60, 80, seed=4)
    upside_down = (0.3 * torch.eye(6).flip(1) + 0.7 / 6)[None]
    sides = torch.tensor([[0.9] * 3 + [0.1] * 3, [0.1] * 3 + [0.9] * 3])
    hint = (torch.rand(states.shape, generator=torch.Generator().manual_seed(0)) < 0.9).long()
    hint = torch.where(states < 3, 1 - hint, hint)
    stuck, _ = learn(chain, upside_down, Observations(states, hint), [1.0] * 30)
    assert stuck[0].argmax(1).tolist() == [5, 4, 3, 2, 1, 0]
    righted, _ = learn(
        replace(chain, hints=sides), upside_down, Observations(states, hint), [1.0] * 30
    )
    assert righted[0].argmax(1).tolist() == [0, 1, 2, 3, 4, 5]
