"""Learn emissions by expectation-maximisation (Baum-Welch) with fixed transitions."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from mwm.decipherment.chain import Chain, Observations
from mwm.decipherment.inference import infer_chunks

PRIOR = 1e-3  # share of each state's emissions that is spread evenly over the symbols


def normalise(counts: Tensor) -> Tensor:
    """Emissions from how often each state was met with each symbol, both (r, k, m)."""
    counts = counts + PRIOR * counts.mean((1, 2), keepdim=True)
    return counts / counts.sum(2, keepdim=True)


def learn(
    chain: Chain,
    emissions: Tensor,
    observed: Observations,
    sharpness: Iterable[float],
    estimate: Callable[[Tensor], Tensor] = normalise,
) -> tuple[Tensor, Tensor]:
    """Expectation-maximisation: one iteration per entry of `sharpness`.

    Args:
        chain: of k states.
        emissions: (r, k, m), of r candidates.
        observed: sequences of symbols below m.
        sharpness: power of the emissions in each iteration. Below 1 it flattens them, so that early
            iterations do not decide (deterministic annealing, Ueda and Nakano 1998).
        estimate: makes emissions from expected counts, both (r, k, m).

    Returns:
        the emissions (r, k, m) and log-likelihoods per step (r,) before the last iteration, best
        candidate first.
    """
    r, k, m = emissions.shape
    fit = torch.zeros(r)
    for power in sharpness:
        fit = torch.zeros(r)
        counts = torch.zeros(r, m, k)
        for symbols, per_step, posterior in infer_chunks(chain, emissions**power, observed):
            fit += per_step * len(symbols) / len(observed.symbols)
            counts.index_add_(1, symbols.flatten(), posterior.flatten(1, 2))
        emissions = estimate(counts.transpose(1, 2))
    order = fit.argsort(descending=True)
    return emissions[order], fit[order]
