"""Give values the distribution of others, by the least changes: discrete optimal transport."""

import torch
from torch import Tensor

from mwm.decipherment.clusters import cluster, nearest

CLUSTERS = 300  # of either side
SHARPNESS = 0.1  # of the plan in the end, in squared distances between neighbouring clusters
ITERATIONS = 1000  # of Sinkhorn's algorithm (Cuturi 2013), ever sharper
SAME = 1e-9  # share of the largest squared distance at which two clusters are one
TINY = 1e-20  # at least, where all values are the same
SEED = 0  # of the clusters


def transport(values: Tensor, reference: Tensor) -> Tensor:
    """What to add to values (n, d) so that they are distributed as a reference (m, d).

    Those of one cluster move alike, by what an entropic plan of least squared distances has on
    average for them.
    """
    theirs, ours = (cluster(x, torch.ones(len(x)), CLUSTERS, SEED) for x in (values, reference))
    which = nearest(values, theirs)
    a, b = _logarithm(which), _logarithm(nearest(reference, ours))
    cost, apart = _squared_distances(theirs, ours), _squared_distances(ours, ours)
    widest = cost.max().clamp(min=TINY)
    apart[apart < SAME * widest] = torch.inf
    sharpest = SHARPNESS * apart.min(1).values.median().clamp(max=widest)
    rows, columns = torch.zeros(CLUSTERS, 1).double(), torch.zeros(CLUSTERS).double()
    for epsilon in sharpest * (widest / sharpest) ** torch.linspace(1, 0, ITERATIONS).double():
        rows = -epsilon * torch.logsumexp((columns - cost) / epsilon + b, 1, keepdim=True)
        columns = -epsilon * torch.logsumexp((rows - cost) / epsilon + a[:, None], 0)
    plan = torch.softmax((columns - cost) / epsilon + b, 1).float()
    return (plan @ ours - theirs)[which]


def _squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """(n, d) and (m, d) to (n, m) float64; exactly 0 where they are equal."""
    mode = "donot_use_mm_for_euclid_dist"
    return torch.cdist(a.double(), b.double(), compute_mode=mode).square()


def _logarithm(which: Tensor) -> Tensor:
    """Of the share of each cluster, where an empty one has next to none."""
    return (torch.bincount(which, minlength=CLUSTERS).double() / len(which) + 1e-15).log()
