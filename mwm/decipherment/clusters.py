"""Clusters of frames, and what is counted or averaged in them."""

import torch
from torch import Tensor

ITERATIONS = 12  # of k-means
POINTS = 20_000  # that k-means sees, or ...
POINTS_EACH = 10  # ... per cluster, if that is more


def cluster(points: Tensor, weights: Tensor, k: int, seed: int) -> Tensor:
    """Centres (k, d) of `points` (n, d) by Lloyd's k-means, on a sample drawn by `weights` (n,).

    An empty cluster starts anew at a random point; of fewer points than clusters some count twice.
    """
    rng = torch.Generator().manual_seed(seed)
    few = len(points) < k
    seen = k if few else min(max(POINTS, POINTS_EACH * k), len(points))
    points = points[torch.multinomial(weights, seen, replacement=few, generator=rng)]
    centres = points[:k].clone()
    for _ in range(ITERATIONS):
        which = nearest(points, centres)
        count = torch.bincount(which, minlength=k)
        sums = torch.zeros_like(centres).index_add_(0, which, points)
        fresh = points[torch.randint(len(points), (k,), generator=rng)]
        centres = torch.where(count[:, None] > 0, sums / count.clamp(min=1)[:, None], fresh)
    return centres


def nearest(points: Tensor, centres: Tensor) -> Tensor:
    """The index of the nearest centre of each point, (n,)."""
    half = 0.5 * centres.square().sum(1)  # |x - c|^2 / 2 less |x|^2 / 2, the same for all centres
    parts = torch.split(points, 2000)  # their distances stay in the cache
    return torch.cat([torch.addmm(half, part, centres.T, alpha=-1).argmin(1) for part in parts])


def shares(groups: Tensor, parts: Tensor, k: int, p: int) -> Tensor:
    """The share of each of p parts (n,) in each of k groups (n,): (k, p); 0 in an empty group."""
    count = torch.bincount(groups * p + parts, minlength=k * p).view(k, p).float()
    return count / count.sum(1, keepdim=True).clamp(min=1)


def means(groups: Tensor, x: Tensor, k: int) -> Tensor:
    """The mean of x (n, d) in each of k groups (n,): (k, d); 0 in an empty group."""
    count = torch.bincount(groups, minlength=k).clamp(min=1)
    return torch.zeros(k, x.shape[1]).index_add_(0, groups, x) / count[:, None]
