"""The other world's side of a level: its frames as symbols, in sequences."""

import numpy as np
import torch
from torch import Tensor

from mwm.decipherment.chain import Observations
from mwm.decipherment.clusters import cluster, nearest
from mwm.decipherment.regression import SymbolRegression
from mwm.decipherment.sources import Hints, Other, Scale

LENGTH = 100  # frames that a sequence spans
HELD_OUT = 0.3  # share of the sequences that no iteration sees


class Symbols:
    """Clusters of frames by the functions of one frame each.

    If symbols depended on velocities, too, a delay of everything by one step would be as likely as
    the truth.

    Attributes:
        count: number of symbols, m.
        functions: (n, f) of each frame.
        at: indices of the frames that have one before them.
        of: (n,) int64, the symbol of each frame.
        sequences: (s, l) indices of frames, in random order.
        training, held_out: the sequences that are learned from, and the others.
        regression: predicts functions of the original for each symbol.
    """

    def __init__(self, scale: Scale, other: Other, hints: Hints | None, seed: int) -> None:
        self.count = scale.symbols
        self.functions = other.symbol_functions[:, : scale.symbol_functions]
        self.at = other.codes.indices(1, 0)
        weights = other.codes.weights[self.at]
        centres = cluster(self.functions[self.at], weights, self.count, seed)
        self.of = nearest(self.functions, centres)
        self._hints = None if hints is None else hints.other
        self._actions = other.codes.actions
        self._stride = scale.stride
        sequences = other.codes.sequences(LENGTH // scale.stride, scale.stride)
        order = np.random.default_rng(seed).permutation(len(sequences))
        self.sequences = sequences[torch.from_numpy(order)]
        held_out = max(1, round(HELD_OUT * len(sequences)))
        trained = max(1, len(sequences) - held_out)
        self.training, self.held_out = self.sequences[:trained], self.sequences[trained:]
        self.regression = SymbolRegression(self.functions, self.of, self.at, self.count, seed)

    def spanning(self, sequences: Tensor, frames: int) -> Tensor:
        """The first of the sequences (s, l) that span at most `frames` frames, but at least one."""
        return first(sequences, frames // self._stride)

    def observe(self, sequences: Tensor) -> Observations:
        """Symbols, and hints if there are any or else actions, of sequences (s, l) of frames."""
        context = self._actions if self._hints is None else self._hints
        return Observations(self.of[sequences], context[sequences])

    def by_frequency(self, sequences: Tensor) -> Tensor:
        """Log-likelihood per step of the sequences by how often each symbol and hint occurs."""
        alone = self._by_frequency(self.of, sequences)
        return alone if self._hints is None else alone + self._by_frequency(self._hints, sequences)

    def _by_frequency(self, things: Tensor, sequences: Tensor) -> Tensor:
        frequency = torch.bincount(things[self.at]).float() + 1
        return (frequency / frequency.sum()).log()[things[sequences]].mean()


def first(sequences: Tensor, steps: int) -> Tensor:
    """The first of the sequences (s, l) of at most `steps` steps in all, but at least one."""
    return sequences[: max(1, steps // sequences.shape[1])]
