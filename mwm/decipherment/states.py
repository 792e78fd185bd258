"""The original's side of a level: its frames as states of a chain."""

from dataclasses import replace

import torch
from torch import Tensor

from mwm.decipherment.chain import Chain, count_chain
from mwm.decipherment.clusters import cluster, means, nearest, shares
from mwm.decipherment.sources import Hints, Original, Scale
from mwm.decipherment.tying import Tying

DOUBT = 0.02  # share of the hints that are wrong
MILD = 0.25  # power of their chances: a wrong hint stays wrong for many steps in turn


class States:
    """Clusters of frames by the functions of two frames each, and how they follow each other.

    Attributes:
        count: number of states, k.
        functions: (n, f) of each frame and of the one `gap` before.
        history: frames before its own that a state needs.
        at: indices of the frames that have this history.
        of: (n,) int64, the state of each frame.
        chain: its transitions, with the weights of hints if there are any.
        tying: makes emissions that depend on what a state looks like.
    """

    def __init__(self, scale: Scale, original: Original, hints: Hints | None, seed: int) -> None:
        self.count = scale.states
        codes = original.codes
        self.functions = _with_earlier(
            original.state_functions[:, : scale.state_functions], original.gap
        )
        self.history = original.gap + 1
        followed = codes.indices(self.history, scale.stride)
        centres = cluster(self.functions[followed], codes.weights[followed], self.count, seed)
        self.of = nearest(self.functions, centres)
        self.at = codes.indices(self.history, 0)
        views = original.view_functions[:, : scale.symbol_functions]
        self.tying = Tying(self.of, views, self.at, codes.weights, self.count, seed)
        taken = (codes.actions, original.actions) if original.actions else None
        self.chain: Chain = count_chain(self.of, followed, scale.stride, self.count, taken)
        if hints is not None:
            self.chain = replace(self.chain, hints=self._weights(hints))

    def means(self, x: Tensor) -> Tensor:
        """The mean of a quantity x (n, d) of the frames in each state, (k, d)."""
        return means(self.of[self.at], x[self.at], self.count)

    def _weights(self, hints: Hints) -> Tensor:
        """The weight of each hint in each state, (h, k)."""
        share = shares(self.of[self.at], hints.original[self.at], self.count, hints.count)
        return ((1 - DOUBT) * share + DOUBT / hints.count).pow(MILD).T.contiguous()


def _with_earlier(x: Tensor, gap: int) -> Tensor:
    """x of every frame and of the one `gap` before, (n, 2 d); the first frames count twice."""
    at = torch.arange(len(x))
    return torch.cat([x, x[(at - gap).clamp(min=0)]], 1)
