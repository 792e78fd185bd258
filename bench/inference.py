"""Inferring hidden states against the sparse products alone, dense products, and hmmlearn.

Chains have as many followers a state as those of real plays; one thread.
"""

from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor

from bench.table import LIMIT, OURS, Row, measured, seconds
from mwm.decipherment.chain import Chain, Observations
from mwm.decipherment.inference import infer
from mwm.decipherment.matrix import Matrix

FOLLOWERS, SEQUENCES, LENGTH, ROUNDS = 12, 100, 50, 3


def rows() -> list[Row]:
    torch.set_num_threads(1)
    return [row_of(k) for k in (500, 1000, 2000)]


def row_of(k: int) -> Row:
    chain = chain_of(k)
    rng = torch.Generator().manual_seed(0)
    emissions = torch.rand(1, k, k, generator=rng)
    emissions /= emissions.sum(2, keepdim=True)
    symbols = torch.randint(k, (SEQUENCES, LENGTH), generator=rng)
    observed = Observations(symbols, symbols)  # the chain ignores its actions
    mass = torch.rand(1, SEQUENCES, k, generator=rng)
    dense, scale = chain.transitions[0], 1e6 / (SEQUENCES * LENGTH)
    contenders: dict[str, Callable[[], float] | None] = {
        OURS: seconds(lambda: infer(chain, emissions, observed), scale=scale),
        LIMIT: seconds(lambda: products(chain.steps[0], mass), scale=scale),
        "dense products": seconds(
            lambda: [(mass @ dense, mass @ dense.T) for _ in range(LENGTH)], scale=scale
        ),
    }
    if k == 500:  # with more it takes minutes
        here = find_spec("hmmlearn")
        peer = seconds(by_hmmlearn(chain, emissions, symbols), scale=scale) if here else None
        contenders["hmmlearn"] = peer
    name = f"forward-backward, {k} states"
    return Row(name, "us/step", measured(contenders, ROUNDS), "its sparse products")


def chain_of(k: int) -> Chain:
    rng = torch.Generator().manual_seed(k)
    counts = torch.full((k, k), 0.1 / k)
    followers = torch.randint(k, (k, FOLLOWERS), generator=rng)
    counts.scatter_add_(1, followers, torch.rand(k, FOLLOWERS, generator=rng) + 1)
    return Chain(torch.full((k,), 1 / k), (counts / counts.sum(1, keepdim=True))[None])


def products(matrix: Matrix, mass: Tensor) -> None:
    for _ in range(LENGTH):
        matrix.forward(mass)
        matrix.backward(mass)


def by_hmmlearn(chain: Chain, emissions: Tensor, symbols: Tensor) -> Callable[[], object]:
    from hmmlearn.hmm import CategoricalHMM

    k = len(chain.start)
    peer = CategoricalHMM(k, implementation="scaling")
    peer.n_features = emissions.shape[2]
    peer.startprob_ = chain.start.double().numpy()
    peer.transmat_ = chain.transitions[0].double().numpy()
    peer.emissionprob_ = emissions[0].double().numpy()
    lengths = [LENGTH] * SEQUENCES
    return lambda: peer.score_samples(symbols.reshape(-1, 1).numpy(), lengths)
