"""Infer hidden states from symbols: the forward-backward algorithm, for several candidates at once.

Each step is scaled to sum to one; the logarithms of the scales add up to the log-likelihood.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mwm.decipherment.chain import Chain, Observations
from mwm.decipherment.matrix import Matrix

TINY = 1e-30
CHUNK = 100  # sequences inferred at once: a step of 2000 states takes 800 kB and stays in the cache


def infer(chain: Chain, emissions: Tensor, observed: Observations) -> tuple[Tensor, Tensor]:
    """Log-likelihood and states of n sequences of length l.

    Args:
        chain: of k states.
        emissions: (r, k, m), of r candidates.
        observed: (n, l), symbols below m.

    Returns:
        log-likelihood per step (r,), and the chance of each state given its whole sequence,
        (r, n, l, k).
    """
    r, k, _ = emissions.shape
    symbols, context = observed
    n, length = symbols.shape
    by_symbol = emissions.transpose(1, 2).contiguous()  # (r, m, k)
    groups = _by_action(context, len(chain.transitions))
    posterior = torch.empty(r, n, length, k)
    scales = _forward(chain, by_symbol, observed, groups, posterior)
    backward = torch.ones(r, n, k)
    for t in range(length - 2, -1, -1):
        backward *= by_symbol.index_select(1, symbols[:, t + 1])
        if chain.hints is not None:
            backward *= chain.hints.index_select(0, context[:, t + 1])
        backward /= scales[t + 1]
        backward = _step(Matrix.backward, backward, chain.steps, groups[t])
        now = posterior[:, :, t]
        now *= backward
        now /= now.sum(2, keepdim=True).clamp_(min=TINY)
    return scales.log().mean((0, 2, 3)), posterior


def likelihood(chain: Chain, emissions: Tensor, observed: Observations) -> Tensor:
    """The log-likelihoods of `infer` alone, in less than half of the time."""
    groups = _by_action(observed.context, len(chain.transitions))
    scales = _forward(chain, emissions.transpose(1, 2).contiguous(), observed, groups)
    return scales.log().mean((0, 2, 3))


def infer_chunks(
    chain: Chain, emissions: Tensor, observed: Observations
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """`infer` of CHUNK sequences at a time: their symbols, and what it returns, in order."""
    for chunk in map(Observations, *(torch.split(part, CHUNK) for part in observed)):
        yield chunk.symbols, *infer(chain, emissions, chunk)


def _forward(
    chain: Chain,
    by_symbol: Tensor,
    observed: Observations,
    groups: list[list[Tensor]],
    kept: Tensor | None = None,
) -> Tensor:
    """Chances of each symbol given those before it, (l, r, n, 1).

    Args:
        chain: of k states.
        by_symbol: (r, m, k), transposed emissions.
        observed: (n, l).
        groups: of `_by_action`.
        kept: (r, n, l, k), is filled with the chances of the states at each step, if given.
    """
    r, _, k = by_symbol.shape
    symbols, context = observed
    n, length = symbols.shape
    scales = torch.empty(length, r, n, 1)
    ahead = chain.start.expand(r, n, k)
    for t in range(length):
        out = None if kept is None else kept[:, :, t]
        forward = torch.mul(ahead, by_symbol.index_select(1, symbols[:, t]), out=out)
        if chain.hints is not None:
            forward *= chain.hints.index_select(0, context[:, t])
        torch.sum(forward, 2, keepdim=True, out=scales[t]).clamp_(min=TINY)
        forward /= scales[t]
        if t + 1 < length:
            ahead = _step(Matrix.forward, forward, chain.steps, groups[t])
    return scales


def _by_action(actions: Tensor, kinds: int) -> list[list[Tensor]]:
    """For every step, the sequences of each action; empty lists if the chain ignores actions."""
    if kinds == 1:
        return [[]] * actions.shape[1]
    return [[(column == a).nonzero()[:, 0] for a in range(kinds)] for column in actions.T]


def _step(
    product: Callable[[Matrix, Tensor], Tensor],
    mass: Tensor,
    transitions: list[Matrix],
    groups: list[Tensor],
) -> Tensor:
    """Multiply (r, n, k) by the transitions of each sequence's own action, forward or backward."""
    if not groups:
        return product(transitions[0], mass)
    out = torch.empty_like(mass)
    for sequences, matrix in zip(groups, transitions, strict=True):
        if len(sequences):
            out[:, sequences] = product(matrix, mass[:, sequences])
    return out
