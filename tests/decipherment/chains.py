"""Small random chains, and what they play."""

import torch
from torch import Tensor

from mwm.decipherment.chain import Chain


def random_chain(k: int, kinds: int, seed: int, sharp: float = 1.0) -> Chain:
    """Random transitions of k states under `kinds` actions; `sharp` makes few of them likely."""
    rng = torch.Generator().manual_seed(seed)
    transitions = torch.rand(kinds, k, k, generator=rng) ** sharp
    start = torch.rand(k, generator=rng)
    return Chain(start / start.sum(), transitions / transitions.sum(2, keepdim=True))


def play(chain: Chain, n: int, length: int, seed: int) -> tuple[Tensor, Tensor]:
    """States and actions of n sequences, both (n, length)."""
    rng = torch.Generator().manual_seed(seed)
    kinds = len(chain.transitions)
    actions = torch.randint(kinds, (n, length), generator=rng)
    states = torch.empty(n, length, dtype=torch.int64)
    states[:, 0] = torch.multinomial(chain.start, n, replacement=True, generator=rng)
    for t in range(1, length):
        rows = chain.transitions[actions[:, t - 1], states[:, t - 1]]
        states[:, t] = torch.multinomial(rows, 1, generator=rng)[:, 0]
    return states, actions
