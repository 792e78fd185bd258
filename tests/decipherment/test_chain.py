"""Chains of known transitions: inference against enumeration, and a cipher that is broken."""

import itertools
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mwm.decipherment import chain as module
from mwm.decipherment.chain import Chain, count_chain, infer, learn


def random_chain(k: int, kinds: int, seed: int, sharp: float = 1.0) -> Chain:
    rng = torch.Generator().manual_seed(seed)
    transitions = torch.rand(kinds, k, k, generator=rng) ** sharp
    start = torch.rand(k, generator=rng)
    return Chain(start / start.sum(), transitions / transitions.sum(2, keepdim=True))


def enumerate_paths(
    chain: Chain, emission: Tensor, symbols: list[int], actions: list[int]
) -> tuple[float, Tensor]:
    """Log-likelihood of one sequence and the chance of each state, by summing over all paths."""
    k, length = len(chain.start), len(symbols)
    posterior = torch.zeros(length, k, dtype=torch.float64)
    for path in itertools.product(range(k), repeat=length):
        chance = float(chain.start[path[0]] * emission[path[0], symbols[0]])
        for t in range(1, length):
            a = actions[t - 1] if len(chain.transitions) > 1 else 0
            chance *= float(
                chain.transitions[a, path[t - 1], path[t]] * emission[path[t], symbols[t]]
            )
        for t, state in enumerate(path):
            posterior[t, state] += chance
    total = posterior[0].sum()
    return float(total.log()), posterior / total


def test_inference_equals_the_sum_over_all_paths() -> None:
    for kinds in (1, 3):
        chain = random_chain(4, kinds, seed=kinds)
        rng = torch.Generator().manual_seed(7)
        emissions = torch.rand(2, 4, 5, generator=rng)
        emissions = emissions / emissions.sum(2, keepdim=True)
        symbols = torch.randint(5, (3, 5), generator=rng)
        actions = torch.randint(3, (3, 5), generator=rng)
        likelihood, posterior = infer(chain, emissions, symbols, actions)
        assert torch.equal(likelihood, module.likelihood(chain, emissions, symbols, actions))
        for r in range(2):
            logs = []
            for n in range(3):
                log, expected = enumerate_paths(
                    chain, emissions[r], symbols[n].tolist(), actions[n].tolist()
                )
                logs.append(log)
                torch.testing.assert_close(posterior[r, n].double(), expected, atol=1e-5, rtol=1e-4)
            assert abs(float(likelihood[r]) - sum(logs) / 15) < 1e-5


def test_a_hint_is_one_more_thing_that_states_emit() -> None:
    """The same as symbols that tell both, each pair with the product of its chances."""
    chain = random_chain(4, 1, seed=8)
    rng = torch.Generator().manual_seed(9)
    emissions, hints = torch.rand(2, 4, 5, generator=rng), torch.rand(3, 4, generator=rng)
    symbols, hint = (torch.randint(c, (3, 5), generator=rng) for c in (5, 3))
    hinted = infer(replace(chain, hints=hints), emissions, symbols, hint)
    pairs = (emissions[..., None] * hints.T[:, None]).flatten(2)
    told = infer(chain, pairs, 3 * symbols + hint, hint)
    for one, other in zip(hinted, told, strict=True):
        torch.testing.assert_close(one, other)


def play(chain: Chain, n: int, length: int, seed: int) -> tuple[Tensor, Tensor]:
    """States and actions of n sequences."""
    rng = torch.Generator().manual_seed(seed)
    kinds = len(chain.transitions)
    actions = torch.randint(kinds, (n, length), generator=rng)
    states = torch.empty(n, length, dtype=torch.int64)
    states[:, 0] = torch.multinomial(chain.start, n, replacement=True, generator=rng)
    for t in range(1, length):
        rows = chain.transitions[actions[:, t - 1], states[:, t - 1]]
        states[:, t] = torch.multinomial(rows, 1, generator=rng)[:, 0]
    return states, actions


def test_a_cipher_of_the_states_is_broken_from_random_emissions() -> None:
    chain = random_chain(6, 2, seed=3, sharp=6.0)
    states, actions = play(chain, 60, 80, seed=4)
    key = torch.tensor([3, 5, 0, 1, 4, 2])
    rng = torch.Generator().manual_seed(0)
    start = torch.rand(8, 6, 6, generator=rng) + 0.5
    start = start / start.sum(2, keepdim=True)
    ramp = [0.3 + 0.7 * i / 29 for i in range(30)] + [1.0] * 20
    emissions, likelihood = learn(chain, start, key[states], actions, ramp)
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
    stuck, _ = learn(chain, upside_down, states, hint, [1.0] * 30)
    assert stuck[0].argmax(1).tolist() == [5, 4, 3, 2, 1, 0]
    righted, _ = learn(replace(chain, hints=sides), upside_down, states, hint, [1.0] * 30)
    assert righted[0].argmax(1).tolist() == [0, 1, 2, 3, 4, 5]


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 7)
    alone = random_chain(6, 2, seed=3)
    rng = torch.Generator().manual_seed(5)
    start = torch.rand(3, 6, 4, generator=rng)
    symbols, actions = (torch.randint(c, (40, 9), generator=rng) for c in (4, 2))
    one = learn(alone, start, symbols, actions, [0.5, 1.0, 1.0])
    two = learn(replace(alone, threads=3), start, symbols, actions, [0.5, 1.0, 1.0])
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_actions_are_ignored_where_the_chain_has_one() -> None:
    chain = random_chain(3, 1, seed=1)
    emissions = torch.eye(3)[None] * 0.9 + 0.1 / 3
    symbols = torch.tensor([[0, 1, 2, 1]])
    one, two = (infer(chain, emissions, symbols, torch.full((1, 4), a))[1] for a in (0, 5))
    assert torch.equal(one, two)


def test_counted_chain_is_that_of_the_states() -> None:
    chain = random_chain(4, 2, seed=5)
    states, actions = play(chain, 1, 200_000, seed=6)
    at = torch.arange(states.shape[1] - 1)
    found = count_chain(states[0], at, 1, 4, actions[0])
    torch.testing.assert_close(found.transitions, chain.transitions, atol=0.02, rtol=0)
    alone = count_chain(states[0], at, 1, 4, None)
    torch.testing.assert_close(alone.transitions[0], chain.transitions.mean(0), atol=0.02, rtol=0)
