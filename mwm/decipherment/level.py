"""One resolution of a search: what is done with the emissions of one chain."""

from dataclasses import replace

import torch
from torch import Tensor

from mwm.decipherment.chain import Observations
from mwm.decipherment.clusters import shares
from mwm.decipherment.inference import CHUNK, infer_chunks, likelihood
from mwm.decipherment.learning import learn, normalise
from mwm.decipherment.sources import Hints, Original, Other, Scale
from mwm.decipherment.states import States
from mwm.decipherment.symbols import Symbols


class Level:
    """States of the original and symbols of the other world, at one scale.

    Attributes:
        states: k of them.
        symbols: m of them.
    """

    def __init__(
        self,
        scale: Scale,
        original: Original,
        other: Other,
        seed: int,
        hints: Hints | None = None,
    ) -> None:
        self.states = States(scale, original, hints, seed)
        self.symbols = Symbols(scale, other, hints, seed)

    def training(self, frames: int | None = None) -> Observations:
        """The sequences that may be learned from, or those that span at most `frames` frames."""
        sequences = self.symbols.training
        if frames is not None:
            sequences = self.symbols.spanning(sequences, frames)
        return self.symbols.observe(sequences)

    def score(self, emissions: Tensor, frames: int | None = None) -> list[float]:
        """Log-likelihood per step of held-out sequences, beyond that of frequencies alone, in nats.

        Of tied emissions, since free ones lose nothing by a delay. Hints count by their weights, so
        scores compare within a level only.

        Args:
            emissions: (r, k, m), of r candidates.
            frames: that the held-out sequences span at most.
        """
        sequences = self.symbols.held_out
        if frames is not None:
            sequences = self.symbols.spanning(sequences, frames)
        alone = self.symbols.by_frequency(sequences)
        tied = self.states.tying(self.states.chain.start[:, None] * emissions)
        found = likelihood(self.states.chain, tied, self.symbols.observe(sequences))
        return [float(x) for x in found - alone]

    def learn(
        self, emissions: Tensor, observed: Observations, sharpness: list[float]
    ) -> tuple[Tensor, Tensor]:
        """`learning.learn` of tied emissions."""
        return learn(self.states.chain, emissions, observed, sharpness, self.states.tying)

    def read(self, emissions: Tensor, values: Tensor, sequences: Tensor) -> Tensor:
        """The mean of `values` over the states that frames of the other world may be in.

        Args:
            emissions: (1, k, m).
            values: (k, d), of the states.
            sequences: (s, l) indices of frames; a state is inferred from its whole sequence.

        Returns:
            (s, l, d).
        """
        chunks = infer_chunks(self.states.chain, emissions[:1], self.symbols.observe(sequences))
        return torch.cat([posterior[0] @ values for _, _, posterior in chunks])

    def expect(self, emissions: Tensor, x: Tensor, sequences: Tensor) -> Tensor:
        """What `read` gives for the means of x (n, d), a quantity of the original's frames."""
        return self.read(emissions, self.states.means(x), sequences)

    def inherit(self, coarse: "Level", emissions: Tensor) -> Tensor:
        """Emissions (1, k, m) by what a coarser level's, (1, k', m'), infer in each frame.

        A coarse state is divided among this level's states as in the original. Nothing is smoothed.
        """
        at = self.states.at
        divided = shares(
            coarse.states.of[at], self.states.of[at], coarse.states.count, self.states.count
        )
        counts = torch.zeros(self.symbols.count, coarse.states.count)
        sequences = self.symbols.training
        own = torch.split(self.symbols.of[sequences], CHUNK)
        chunks = infer_chunks(coarse.states.chain, emissions, coarse.symbols.observe(sequences))
        for symbols, (_, _, posterior) in zip(own, chunks, strict=True):
            counts.index_add_(0, symbols.flatten(), posterior[0].flatten(0, 1))
        return normalise((counts @ divided).T[None])

    def smooth(self, functions: Tensor, frames: Tensor) -> Tensor:
        """Emissions (1, k, m) by a smooth regression from symbols to the states' functions.

        Args:
            functions: (n, f), expected in frames of the other world.
            frames: (n,), which those are.
        """
        predicted, error = self.symbols.regression.predict(functions, frames)
        count = torch.bincount(
            self.symbols.of[self.symbols.at], minlength=self.symbols.count
        ).float()
        variance = self.states.functions[self.states.at].var(0).mean()
        spread = error / functions.shape[1] + 0.03 * variance
        distance = torch.cdist(self.states.means(self.states.functions), predicted).square()
        emissions = (-distance / (4 * spread)).exp() * count + 1e-6
        return (emissions / emissions.sum(1, keepdim=True))[None]


def own_score(scale: Scale, original: Original, seed: int, hints: Hints | None = None) -> float:
    """The score of the original as its own cipher, with emissions counted from its true states."""
    own = Other(original.codes, original.view_functions)
    if hints is not None:
        hints = replace(hints, other=hints.original)
    level = Level(scale, original, own, seed, hints)
    states, symbols = level.states, level.symbols
    k, m = states.count, symbols.count
    pairs = states.of[states.at] * m + symbols.of[states.at]
    counts = torch.bincount(pairs, minlength=k * m).view(1, k, m).float()
    return level.score(normalise(counts))[0]
