"""Give values the distribution of others, by the least changes: discrete optimal transport."""

import torch
from torch import Tensor

from mwm.decipherment.clusters import cluster, nearest

CLUSTERS = 300  # of either side
SHARPNESS = 0.1  # of the plan in the end, in squared distances between neighbouring clusters
ITERATIONS = 1000  # of Sinkhorn's algorithm (Cuturi 2013), ever sharper
SAME = 1e-6  # share of the largest squared distance at which two clusters are one
SEED = 0  # of the clusters


def transport(values: Tensor, reference: Tensor) -> Tensor:
    """What to add to values (n, d) so that they are distributed as a reference (m, d).

    Those of one cluster move alike, by what an entropic plan of least squared distances has on
    average for them.
    """
    theirs, ours = (cluster(x, torch.ones(len(x)), CLUSTERS, SEED) for x in (values, reference))
    which = nearest(values, theirs)
    a, b = _logarithm(which), _logarithm(nearest(reference, ours))
    cost = torch.cdist(theirs, ours).square().double()
    apart = torch.cdist(ours, ours).square().double()
    apart[apart < SAME * cost.max()] = torch.inf
    sharpest = SHARPNESS * apart.min(1).values.median()
    rows, columns = torch.zeros(CLUSTERS, 1).double(), torch.zeros(CLUSTERS).double()
    for epsilon in sharpest * (cost.max() / sharpest) ** torch.linspace(1, 0, ITERATIONS).double():
        rows = -epsilon * torch.logsumexp((columns - cost) / epsilon + b, 1, keepdim=True)
        columns = -epsilon * torch.logsumexp((rows - cost) / epsilon + a[:, None], 0)
    plan = torch.softmax((columns - cost) / epsilon + b, 1).float()
    return (plan @ ours - theirs)[which]


def _logarithm(which: Tensor) -> Tensor:
    """Of the share of each cluster, where an empty one has next to none."""
    return (torch.bincount(which, minlength=CLUSTERS).double() / len(which) + 1e-15).log()
