"""Hidden Markov chains whose transitions are known and whose emissions are not.

The original's codes tell how its states follow each other under the actions; what is learned is
which symbol of another world each state emits (Baum-Welch with fixed transitions, as in the
decipherment of substitution ciphers: Knight, Nair, Rathod and Yamada 2006).
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from mwm.decipherment.matrix import Matrix

PRIOR = 1e-3  # share of an emission that is spread evenly over the symbols
UNSEEN = 0.1  # observations of the average transition that a transition row gets on top
TINY = 1e-30
CHUNK = 100  # sequences inferred at once: a step of 2000 states takes 800 kB and stays in the cache


@dataclass(frozen=True)
class Chain:
    """States of the original and how they follow each other.

    Attributes:
        start: (k,) how often each state is met.
        transitions: (a, k, k) chance of the next state by action; a = 1 where they do not matter.
        hints: (h, k) weight of each hint in each state, where steps come with hints and not with
            actions: something else that is known of them.
        threads: that infer CHUNK sequences each at once.
    """

    start: Tensor
    transitions: Tensor
    hints: Tensor | None = None
    threads: int = 1

    @cached_property
    def steps(self) -> list[Matrix]:
        """The transitions of each action, to multiply by."""
        return [Matrix(one) for one in self.transitions]

    @cached_property
    def overall(self) -> Matrix:
        """The transitions, whatever the action."""
        return Matrix(self.transitions.mean(0))


def count_chain(states: Tensor, at: Tensor, stride: int, k: int, actions: Tensor | None) -> Chain:
    """The chain of `states` (n,) over frames `at`, `stride` steps at a time.

    With actions, a row that was rarely seen leans on the row of all actions together.
    """
    now, later = states[at], states[at + stride]
    pairs = torch.bincount(now * k + later, minlength=k * k).view(k, k).float()
    pairs = pairs + UNSEEN / k
    overall = pairs / pairs.sum(1, keepdim=True)
    start = torch.bincount(now, minlength=k).float()
    if actions is None:
        return Chain(start / start.sum(), overall[None])
    kinds = int(actions.max()) + 1
    index = (actions[at] * k + now) * k + later
    by_action = torch.bincount(index, minlength=kinds * k * k).view(kinds, k, k).float()
    by_action = by_action + 2 * overall
    return Chain(start / start.sum(), by_action / by_action.sum(2, keepdim=True))


def infer(chain: Chain, emissions: Tensor, symbols: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Forward-backward for several candidates at once.

    Args:
        chain: k states.
        emissions: (r, k, m), of r candidates.
        symbols: (n, l) int64, below m.
        known: (n, l) int64, the actions taken after each symbol, or the hints that come with it;
            ignored where neither matters.

    Returns:
        log-likelihood per step (r,), and the chance of each state given its whole sequence,
        (r, n, l, k).
    """
    r, k, _ = emissions.shape
    n, length = symbols.shape
    seen = emissions.transpose(1, 2).contiguous()  # (r, m, k)
    groups = _by_action(known, len(chain.transitions))
    posterior = torch.empty(r, n, length, k)
    scales = _forward(chain, seen, symbols, known, groups, posterior)
    backward = torch.ones(r, n, k)
    for t in range(length - 2, -1, -1):
        backward *= seen.index_select(1, symbols[:, t + 1])
        if chain.hints is not None:
            backward *= chain.hints.index_select(0, known[:, t + 1])
        backward /= scales[t + 1]
        backward = _step(Matrix.backward, backward, chain.steps, groups[t])
        now = posterior[:, :, t]
        now *= backward
        now /= now.sum(2, keepdim=True).clamp_(min=TINY)
    return scales.log().mean((0, 2, 3)), posterior


def likelihood(chain: Chain, emissions: Tensor, symbols: Tensor, known: Tensor) -> Tensor:
    """The first that `infer` returns, alone and in less than half of the time."""
    groups = _by_action(known, len(chain.transitions))
    scales = _forward(chain, emissions.transpose(1, 2).contiguous(), symbols, known, groups)
    return scales.log().mean((0, 2, 3))


def _forward(
    chain: Chain,
    seen: Tensor,
    symbols: Tensor,
    known: Tensor,
    groups: list[list[Tensor]],
    kept: Tensor | None = None,
) -> Tensor:
    """Chances of each symbol given those before, (l, r, n, 1); of states then, `kept` (r, n, l, k).

    Args:
        chain: k states.
        seen: (r, m, k), transposed emissions.
        symbols, known: (n, l).
        groups: of `_by_action`.
        kept: is written to.
    """
    r, _, k = seen.shape
    n, length = symbols.shape
    scales = torch.empty(length, r, n, 1)
    ahead = chain.start.expand(r, n, k)
    for t in range(length):
        out = None if kept is None else kept[:, :, t]
        forward = torch.mul(ahead, seen.index_select(1, symbols[:, t]), out=out)
        if chain.hints is not None:
            forward *= chain.hints.index_select(0, known[:, t])
        torch.sum(forward, 2, keepdim=True, out=scales[t]).clamp_(min=TINY)
        forward /= scales[t]
        if t + 1 < length:
            ahead = _step(Matrix.forward, forward, chain.steps, groups[t])
    return scales


def infer_chunks(
    chain: Chain, emissions: Tensor, symbols: Tensor, known: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """`infer` of CHUNK sequences at a time: their symbols, and what it returns, in order.

    So sums over chunks have the same bits on any number of threads. Products are too small to share
    one; two threads on chunks of their own take 0.57 of the time at 1000 states and more.
    """
    parts = list(zip(torch.split(symbols, CHUNK), torch.split(known, CHUNK), strict=True))

    def one(part: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        return part[0], *infer(chain, emissions, *part)

    if chain.threads == 1:
        yield from map(one, parts)
        return
    with ThreadPoolExecutor(chain.threads) as pool:
        for first in range(0, len(parts), chain.threads):  # no more posteriors at once than threads
            yield from pool.map(one, parts[first : first + chain.threads])


def emitted(counts: Tensor) -> Tensor:
    """Emissions from how often each state was met with each symbol, both (r, k, m)."""
    counts = counts + PRIOR * counts.mean((1, 2), keepdim=True)
    return counts / counts.sum(2, keepdim=True)


def learn(
    chain: Chain,
    emissions: Tensor,
    symbols: Tensor,
    known: Tensor,
    sharpness: Iterable[float],
    emit: Callable[[Tensor], Tensor] = emitted,
) -> tuple[Tensor, Tensor]:
    """Expectation-maximisation of the emissions: one iteration per entry of `sharpness`.

    A sharpness below 1 flattens the emissions for that iteration (deterministic annealing, Ueda and
    Nakano 1998), so that early iterations do not decide.

    Returns:
        the emissions (r, k, m) and log-likelihoods per step (r,) before the last iteration, best
        candidate first.
    """
    r, k, m = emissions.shape
    fit = torch.zeros(r)
    for sharp in sharpness:
        fit = torch.zeros(r)
        counts = torch.zeros(r, m, k)
        for seen, each, posterior in infer_chunks(chain, emissions**sharp, symbols, known):
            fit += each * len(seen) / len(symbols)
            counts.index_add_(1, seen.flatten(), posterior.flatten(1, 2))
        emissions = emit(counts.transpose(1, 2))
    order = fit.argsort(descending=True)
    return emissions[order], fit[order]


def _by_action(actions: Tensor, kinds: int) -> list[list[Tensor]]:
    """For every step, the sequences of each action; empty lists where the chain ignores actions."""
    if kinds == 1:
        return [[]] * actions.shape[1]
    return [[(column == a).nonzero()[:, 0] for a in range(kinds)] for column in actions.T]


def _step(
    way: Callable[[Matrix, Tensor], Tensor],
    mass: Tensor,
    transitions: list[Matrix],
    groups: list[Tensor],
) -> Tensor:
    """(r, n, k) times each sequence's own transitions, onwards or back."""
    if not groups:
        return way(transitions[0], mass)
    out = torch.empty_like(mass)
    for sequences, matrix in zip(groups, transitions, strict=True):
        if len(sequences):
            out[:, sequences] = way(matrix, mass[:, sequences])
    return out
