"""Tied emissions: states that look alike emit alike.

A *view* is a cluster of the original's frames by the functions of one frame, whereas a state also
has a velocity. Tied emissions are mixtures of what each view emits, whatever the velocity. Without
ties a search may delay everything by a step at no cost: each state would emit what the next one
looks like.
"""

from torch import Tensor

from mwm.decipherment.clusters import cluster, nearest, shares
from mwm.decipherment.inference import TINY
from mwm.decipherment.learning import normalise
from mwm.decipherment.matrix import Matrix

ITERATIONS = 10  # of the mixture


class Tying:
    """Makes tied emissions from counts.

    Args:
        states: (n,) int64 below k, of the original's frames.
        functions: (n, f), of single frames.
        at: indices of the frames that count.
        weights: (n,), how often frames are drawn for the views.
        k: number of states; there are half as many views.
        seed: of the clusters.
    """

    def __init__(
        self,
        states: Tensor,
        functions: Tensor,
        at: Tensor,
        weights: Tensor,
        k: int,
        seed: int,
    ) -> None:
        count = max(2, k // 2)
        views = nearest(functions, cluster(functions[at], weights[at], count, seed))
        self._shares = Matrix(shares(states[at], views[at], k, count))

    def __call__(self, counts: Tensor) -> Tensor:
        """Tied emissions from how often each state was met with each symbol, both (r, k, m)."""
        counts = counts.transpose(1, 2).contiguous()  # (r, m, k), for the products
        views = normalise(self._shares.forward(counts).transpose(1, 2))
        for _ in range(ITERATIONS):
            mixed = self._shares.backward(views.transpose(1, 2)).clamp(min=TINY)
            views = normalise(views * self._shares.forward(counts / mixed).transpose(1, 2))
        return self._shares.backward(views.transpose(1, 2)).transpose(1, 2)
