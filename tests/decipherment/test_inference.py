"""Inference of hidden states, against sums over all paths."""

import itertools
from dataclasses import replace

import pytest
import torch
from chains import random_chain
from torch import Tensor

from mwm.decipherment import inference
from mwm.decipherment.chain import Chain, Observations
from mwm.decipherment.inference import infer, infer_chunks, likelihood


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
        observed = Observations(symbols, actions)
        found, posterior = infer(chain, emissions, observed)
        assert torch.equal(found, likelihood(chain, emissions, observed))
        for r in range(2):
            logs = []
            for n in range(3):
                log, expected = enumerate_paths(
                    chain, emissions[r], symbols[n].tolist(), actions[n].tolist()
                )
                logs.append(log)
                torch.testing.assert_close(posterior[r, n].double(), expected, atol=1e-5, rtol=1e-4)
            assert abs(float(found[r]) - sum(logs) / 15) < 1e-5


def test_a_hint_is_one_more_thing_that_states_emit() -> None:
    """The same as symbols that tell both, each pair with the product of its chances."""
    chain = random_chain(4, 1, seed=8)
    rng = torch.Generator().manual_seed(9)
    emissions, hints = torch.rand(2, 4, 5, generator=rng), torch.rand(3, 4, generator=rng)
    symbols, hint = (torch.randint(c, (3, 5), generator=rng) for c in (5, 3))
    hinted = infer(replace(chain, hints=hints), emissions, Observations(symbols, hint))
    pairs = (emissions[..., None] * hints.T[:, None]).flatten(2)
    told = infer(chain, pairs, Observations(3 * symbols + hint, hint))
    for one, other in zip(hinted, told, strict=True):
        torch.testing.assert_close(one, other)


def test_actions_are_ignored_where_the_chain_has_one() -> None:
    chain = random_chain(3, 1, seed=1)
    emissions = torch.eye(3)[None] * 0.9 + 0.1 / 3
    symbols = torch.tensor([[0, 1, 2, 1]])
    one, two = (
        infer(chain, emissions, Observations(symbols, torch.full((1, 4), a)))[1] for a in (0, 5)
    )
    assert torch.equal(one, two)


def test_chunks_are_those_of_all_sequences_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "CHUNK", 7)
    chain = random_chain(6, 2, seed=3)
    rng = torch.Generator().manual_seed(5)
    emissions = torch.rand(3, 6, 4, generator=rng)
    observed = Observations(*(torch.randint(c, (40, 9), generator=rng) for c in (4, 2)))
    symbols, found, posterior = zip(*infer_chunks(chain, emissions, observed), strict=True)
    assert [len(one) for one in symbols] == [7] * 5 + [5]
    assert torch.equal(torch.cat(symbols), observed.symbols)
    likelihood, whole = infer(chain, emissions, observed)
    torch.testing.assert_close(torch.cat(posterior, 1), whole)
    weights = torch.tensor([len(one) / 40 for one in symbols])
    torch.testing.assert_close(torch.stack(found, 1) @ weights, likelihood)
