"""Constraints: how far the latents of one world are, as a distribution, from the original's."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from mwm import UsageError
from mwm.settings.lines import did_you_mean

PROJECTIONS = 64  # directions of the sliced Wasserstein distance, besides the axes
CONTRAST = 50.0  # weight of the change from one half of the batch to the other, see `contrast`
SINKHORN = 5  # iterations of `transport`: more change little
BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the kernels, in units of the median distance


class Posterior(NamedTuple):
    """V's output for a batch: mean and log-variance, each (n, latent)."""

    mean: Tensor
    log_variance: Tensor


Constraint = Callable[[Posterior, Posterior, torch.Generator], Tensor]
Weighted = Mapping[str, tuple[Constraint, float]]  # constraints and their weights in R, by kind

KINDS: dict[str, Constraint] = {}


def constraint(function: Constraint) -> Constraint:
    """Register a function under its name, as a kind that params `constraints` may name."""
    if function.__name__ in KINDS:
        raise ValueError(f"a constraint {function.__name__!r} is registered already")
    KINDS[function.__name__] = function
    return function


def weighted(weights: Mapping[str, float], where: str) -> Weighted:
    """The constraints with a weight above 0; `where` is their place in params.yaml.

    Raises:
        UsageError: no such kind.
    """
    for kind in weights:
        if kind not in KINDS:
            raise UsageError(
                f"{where}: unknown constraint {kind!r}; expected one of {', '.join(KINDS)}"
                f"{did_you_mean(kind, KINDS)}"
            )
    return {kind: (KINDS[kind], weight) for kind, weight in weights.items() if weight > 0}


@constraint
def moments(posterior: Posterior, reference: Posterior, generator: torch.Generator) -> Tensor:
    """The paper's (eq. 9), with one weight for both: batch means of mu and of log sigma agree."""
    mean, deviation = _gap(posterior, reference)
    return mean.square().sum() + deviation.square().sum()


@constraint
def contrast(posterior: Posterior, reference: Posterior, generator: torch.Generator) -> Tensor:
    """The moments of the batch, and how they change from its first half to its second.

    For corresponding inputs alone: there the change is the same in both worlds. Means over a batch
    hardly vary from batch to batch, so that `moments` is an ill-conditioned regression: its error
    is a common offset of all codes, and what tells states apart is a small rest. The difference of
    two halves is free of the offset; CONTRAST brings it to the same scale. Five times faster.
    """
    gaps = torch.stack([torch.cat(_gap(*halves)) for halves in _halves(posterior, reference)])
    offset = gaps.mean(0)
    change = (gaps - offset).square().sum(1).mean()
    return offset.square().sum() + CONTRAST * change


def _halves(one: Posterior, other: Posterior) -> Iterator[tuple[Posterior, Posterior]]:
    half = len(one.mean) // 2
    for part in (slice(None, half), slice(half, None)):
        yield Posterior(*(x[part] for x in one)), Posterior(*(x[part] for x in other))


def _gap(posterior: Posterior, reference: Posterior) -> tuple[Tensor, Tensor]:
    """Differences of the batch means of mu and of log sigma, each (latent,)."""
    mean = posterior.mean.mean(0) - reference.mean.mean(0)
    deviation = 0.5 * (posterior.log_variance.mean(0) - reference.log_variance.mean(0))
    return mean, deviation


@constraint
def transport(posterior: Posterior, reference: Posterior, generator: torch.Generator) -> Tensor:
    """How far codes are, mean and log sigma, from those of the reference that each is assigned.

    Entropic optimal transport (Cuturi 2013, Sinkhorn's iterations): a soft assignment by which all
    codes of either side are used alike, made anew at each step from the two clouds alone. The order
    of the frames is not seen. Codes are compared in posterior deviations of the reference, so that
    dimensions without information do not count.
    """
    with torch.no_grad():
        scale = (-reference.log_variance).exp().mean(0).sqrt()
        plan = _plan(torch.cdist(posterior.mean * scale, reference.mean * scale).square())
    mean = posterior.mean - plan @ reference.mean
    deviation = 0.5 * (posterior.log_variance - plan @ reference.log_variance)
    return (mean.square() + deviation.square()).sum(1).mean()


@constraint
def sinkhorn(posterior: Posterior, reference: Posterior, generator: torch.Generator) -> Tensor:
    """`transport` less what it would do if the clouds were alike already, for independent inputs.

    A soft assignment pulls every code inwards, and to where a finite batch happens to be dense; so
    does an assignment of the cloud to itself, each code to the others. The difference of both is
    free of that: the gradient of the Sinkhorn divergence (Feydy et al. 2019).
    """
    with torch.no_grad():
        scale = (-reference.log_variance).exp().mean(0).sqrt()
        ours, theirs = posterior.mean * scale, reference.mean * scale
        plan = _plan(torch.cdist(ours, theirs).square())
        itself = _plan(torch.cdist(ours, ours).square().fill_diagonal_(float("inf")))
        shift = plan @ reference.mean - itself @ posterior.mean
        target = posterior.mean + shift
    mean = posterior.mean - target
    deviation = 0.5 * (posterior.log_variance - plan @ reference.log_variance)
    return (mean.square() + deviation.square()).sum(1).mean()


def _plan(cost: Tensor) -> Tensor:
    """A soft assignment (n, m) by cost: rows sum to 1, columns to nearly the same."""
    excess = cost - cost.min(1, keepdim=True).values
    # Cost of the nearest; a code that may not go to itself has no number in its own column.
    softness = (cost - excess)[:, 0].nanmedian().clamp(min=1e-6)
    plan = (-excess / softness).exp()
    for _ in range(SINKHORN):
        plan = plan / plan.sum(0).clamp(min=1e-12)
        plan = plan / plan.sum(1, keepdim=True)
    return plan


@constraint
def sliced_wasserstein(
    posterior: Posterior, reference: Posterior, generator: torch.Generator
) -> Tensor:
    """Squared 2-Wasserstein distance of the posterior means, mean over random lines and the axes,
    times the latent size (Bonneel et al. 2015); both batches must be of one size."""
    latent = posterior.mean.shape[1]
    device = posterior.mean.device
    lines = torch.randn(latent, PROJECTIONS, generator=generator, device=device)
    lines = torch.cat([functional.normalize(lines, dim=0), torch.eye(latent, device=device)], 1)
    ours, theirs = ((p.mean @ lines).sort(dim=0).values for p in (posterior, reference))
    return (ours - theirs).square().mean() * latent


@constraint
def mmd(posterior: Posterior, reference: Posterior, generator: torch.Generator) -> Tensor:
    """Maximum mean discrepancy of the posterior means: Gaussian kernels of several bandwidths,
    unbiased estimate (Gretton et al. 2012, eq. 3)."""
    ours, theirs = posterior.mean, reference.mean
    n, m = len(ours), len(theirs)
    within, between = torch.cdist(theirs, theirs).square(), torch.cdist(ours, theirs).square()
    own = torch.cdist(ours, ours).square()
    scale = within.detach().median().clamp(min=1e-6)

    def kernel(squared: Tensor) -> Tensor:
        return sum((-squared / (2 * width**2 * scale)).exp().sum() for width in BANDWIDTHS)  # type: ignore[return-value]

    diagonal = len(BANDWIDTHS)  # every kernel is 1 at distance 0
    return (
        (kernel(own) - n * diagonal) / (n * (n - 1))
        + (kernel(within) - m * diagonal) / (m * (m - 1))
        - 2 * kernel(between) / (n * m)
    )
