"""One resolution of a search: states of the original, symbols of the other world, and a chain."""

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mwm.decipherment.chain import (
    CHUNK,
    TINY,
    Chain,
    count_chain,
    emitted,
    infer_chunks,
    learn,
    likelihood,
)
from mwm.decipherment.codes import Codes
from mwm.decipherment.functions import Fourier
from mwm.decipherment.matrix import Matrix

LENGTH = 100  # steps of a sequence
ITERATIONS = 12  # of k-means
POINTS = 20_000  # that k-means sees, or ...
POINTS_EACH = 30  # ... per cluster, if that is more
FEATURES = 150  # of the smooth map from symbols to states' functions, ...
FITTED = 20_000  # ... and frames that it is fitted to
RIDGE = 0.01
ROBUST = 3  # fits, each of which trusts less what the one before fitted badly
HELD_OUT = 0.3  # share of the sequences that no iteration sees
TYING = 10  # iterations of the mixture that ties emissions
DOUBT = 0.02  # share of hints that are wrong
MILD = 0.25  # power of their chances: one that is wrong stays so for many steps in turn


@dataclass(frozen=True)
class Scale:
    """How fine a level is.

    Attributes:
        states: of the original.
        symbols: of the other world.
        functions: of the original that tell states apart, and
        symbols_from: functions of one frame of the other world that tell symbols apart.
        stride: steps of the game per step of the chain.
    """

    states: int
    symbols: int
    functions: int
    symbols_from: int
    stride: int = 1


@dataclass(frozen=True)
class Hints:
    """What is known of frames besides their symbols: one of a few things, the same in both worlds.

    Attributes:
        original: (n,) int64, of the original's frames, and
        other: (n,) int64, of the other world's.
        count: of the things.
    """

    original: Tensor
    other: Tensor
    count: int


class Level:
    """The chain of the original at one scale, and the other world's symbols.

    States are clusters of the original's functions at two frames, so that velocity is part of a
    state. Symbols are clusters of *one* frame's functions, and views of one frame's functions of
    the original: to delay everything by a step is an exact symmetry of dynamics without actions,
    and only that a symbol tells a view, whatever the velocity, can break it.
    """

    def __init__(
        self,
        scale: Scale,
        original: Codes,
        states_from: Tensor,
        views_from: Tensor,
        other: Codes,
        symbols_from: Tensor,
        gap: int,
        actions: bool,
        seed: int,
        hints: Hints | None = None,
        threads: int = 1,
    ) -> None:
        k = scale.states
        self.k, self.m = k, scale.symbols
        self.functions = window_all(states_from[:, : scale.functions], gap)
        self.before = gap + 1  # frames that a state needs before its own
        at = original.indices(self.before, scale.stride)
        centres = cluster(self.functions[at], k, seed)
        self.states = nearest(self.functions, centres)
        self.original_at = original.indices(self.before, 0)
        views = views_from[:, : scale.symbols_from]
        count = max(2, k // 2)
        seen = nearest(views, cluster(views[self.original_at], count, seed))[self.original_at]
        self._views = Matrix(_shares(self.states[self.original_at], seen, k, count))
        acts = original.actions if actions else None
        counted = count_chain(self.states, at, scale.stride, k, acts)
        self.chain: Chain = replace(counted, threads=threads)
        self.known = other.actions
        if hints is not None:
            self.chain = replace(self.chain, hints=self._hinted(hints))
            self.known = hints.other
        self.symbols_from = symbols_from[:, : scale.symbols_from]
        self.other_at = other.indices(1, 0)
        self.symbols = nearest(
            self.symbols_from, cluster(self.symbols_from[self.other_at], self.m, seed)
        )
        self.sequences = other.sequences(LENGTH // scale.stride, scale.stride)
        rng = np.random.default_rng(seed)
        self.sequences = self.sequences[torch.from_numpy(rng.permutation(len(self.sequences)))]
        self._stride, self._seed = scale.stride, seed
        count = len(self.sequences)
        self._first_held_out = max(1, count - max(1, round(HELD_OUT * count)))

    def alone(self) -> "Level":
        """The same on one thread, for a process among others."""
        level = copy(self)
        level.chain = replace(self.chain, threads=1)
        return level

    def training(self, steps: int | None = None) -> tuple[Tensor, Tensor]:
        """Symbols and what else is known, (n, l) each, of sequences of at most `steps` in all."""
        index = self._first(self.sequences[: self._first_held_out], steps)
        return self.symbols[index], self.known[index]

    def _first(self, index: Tensor, steps: int | None) -> Tensor:
        if steps is None:
            return index
        return index[: max(1, steps // (index.shape[1] * self._stride))]

    def score(self, emissions: Tensor, steps: int | None = None) -> list[float]:
        """Log-likelihood of what is held out per step, beyond that of frequencies alone, in nats.

        Of tied emissions. Free ones lose nothing by a delay: a state would emit what the next one
        looks like. Hints count by their weights, so that scores compare within a level alone.

        Args:
            emissions: (r, k, m), of r candidates.
            steps: of the game that held-out sequences span at most.
        """
        index = self._first(self.sequences[self._first_held_out :], steps)
        alone = self._alone(self.symbols, index)
        if self.chain.hints is not None:
            alone = alone + self._alone(self.known, index)
        tied = self._tied(self.chain.start[:, None] * emissions)
        found = likelihood(self.chain, tied, self.symbols[index], self.known[index])
        return [float(x) for x in found - alone]

    def _alone(self, things: Tensor, index: Tensor) -> Tensor:
        """Log-likelihood per step of `things` (n,) at `index` by how often each is met."""
        frequency = torch.bincount(things[self.other_at]).float() + 1
        return (frequency / frequency.sum()).log()[things[index]].mean()

    def _hinted(self, hints: Hints) -> Tensor:
        """The weight of each hint in each state, (h, k)."""
        at = self.original_at
        shares = _shares(self.states[at], hints.original[at], self.k, hints.count)
        return ((1 - DOUBT) * shares + DOUBT / hints.count).pow(MILD).T.contiguous()

    def means(self, x: Tensor) -> Tensor:
        """Mean of a quantity of the original's frames (n, d) in each state: (k, d)."""
        return mean_by(self.states[self.original_at], x[self.original_at], self.k)

    def expect(self, emissions: Tensor, x: Tensor, sequences: Tensor) -> Tensor:
        """The original's quantity x (n, d) that the chain expects in frames of the other world."""
        return self.read(emissions, self.means(x), sequences)

    def read(self, emissions: Tensor, values: Tensor, sequences: Tensor) -> Tensor:
        """The mean of `values` (k, d) over the states that the other world's frames may be in.

        Args:
            emissions: (1, k, m).
            values: of the states.
            sequences: (s, l) indices of frames; a state is inferred from its whole sequence.

        Returns:
            (s, l, d).
        """
        text = self.symbols[sequences], self.known[sequences]
        chunks = infer_chunks(self.chain, emissions[:1], *text)
        return torch.cat([posterior[0] @ values for _, _, posterior in chunks])

    def learn(
        self, emissions: Tensor, text: tuple[Tensor, Tensor], sharpness: list[float]
    ) -> tuple[Tensor, Tensor]:
        """`chain.learn` of emissions that stay tied: states that look alike emit alike."""
        return learn(self.chain, emissions, *text, sharpness, self._tied)

    def inherit(self, coarse: "Level", emissions: Tensor) -> Tensor:
        """Emissions (1, k, m) that say what those of a coarser level, (1, k', m'), infer.

        A coarse state is divided among this level's as it is in the original; no fit comes between.
        """
        at = self.original_at
        shares = _shares(coarse.states[at], self.states[at], coarse.k, self.k)
        counts = torch.zeros(self.m, coarse.k)
        index = self.sequences[: self._first_held_out]
        text = coarse.symbols[index], coarse.known[index]
        chunks = infer_chunks(coarse.chain, emissions, *text)
        for own, (_, _, posterior) in zip(
            torch.split(self.symbols[index], CHUNK), chunks, strict=True
        ):
            counts.index_add_(0, own.flatten(), posterior[0].flatten(0, 1))
        return emitted((counts @ shares).T[None])

    def smooth(self, expected: Tensor, frames: Tensor) -> Tensor:
        """Emissions (1, k, m) from what the original's functions are expected to be, (n, d), there.

        Neighbouring symbols are fitted neighbouring functions: a robust smooth regression from
        symbols to functions outvotes the few symbols that expectation-maximisation left astray.
        """
        weights, error = self._regress(expected, frames)
        used = self.symbols[self.other_at]
        count = torch.bincount(used, minlength=self.m).float()
        place = self._symbol_features @ weights
        spread = error / expected.shape[1] + 0.03 * self.functions[self.original_at].var(0).mean()
        distance = torch.cdist(self.means(self.functions), place).square()
        emissions = (-distance / (4 * spread)).exp() * count + 1e-6
        return (emissions / emissions.sum(1, keepdim=True))[None]

    def _tied(self, counts: Tensor) -> Tensor:
        """`emitted`, but as mixtures of what each view emits, whatever the state."""
        counts = counts.transpose(1, 2).contiguous()  # (r, m, k), as products want it
        views = emitted(self._views.forward(counts).transpose(1, 2))
        for _ in range(TYING):
            mixed = self._views.backward(views.transpose(1, 2)).clamp(min=TINY)
            views = emitted(views * self._views.forward(counts / mixed).transpose(1, 2))
        return self._views.backward(views.transpose(1, 2)).transpose(1, 2)

    def _regress(self, expected: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (f, d) of the features for functions expected in frames, and the mean error."""
        thin = max(1, len(frames) // FITTED)
        expected, x = expected[::thin], self._features[frames[::thin]]
        trust = torch.ones(len(x), 1)
        ridge = RIDGE * torch.eye(x.shape[1])
        for _ in range(ROBUST):
            gram = x.T @ (x * trust) / trust.sum()
            weights = torch.linalg.solve(gram + ridge, x.T @ (expected * trust) / trust.sum())
            errors = (expected - x @ weights).square().sum(1, keepdim=True)
            trust = 1 / (1 + errors / errors.mean())
        return weights, errors.mean()

    @cached_property
    def _features(self) -> Tensor:
        """(n, f), of all frames of the other world: linear maps of them are smooth functions."""
        at = self.other_at
        x = (self.symbols_from - self.symbols_from[at].mean(0)) / self.symbols_from[at].std(0)
        basis = Fourier(x.shape[1], FEATURES, (1.0, 2.0), self._seed)
        return torch.cat([torch.ones(len(x), 1), x, basis(x)], 1)

    @cached_property
    def _symbol_features(self) -> Tensor:
        """(m, f): their mean over the frames of each symbol."""
        return mean_by(self.symbols[self.other_at], self._features[self.other_at], self.m)


def _shares(which: Tensor, parts: Tensor, k: int, p: int) -> Tensor:
    """The share of each of p parts (n,) in each of k groups (n,): (k, p); 0 of an empty one."""
    count = torch.bincount(which * p + parts, minlength=k * p).view(k, p).float()
    return count / count.sum(1, keepdim=True).clamp(min=1)


def mean_by(which: Tensor, x: Tensor, k: int) -> Tensor:
    """Means (k, d) of the rows of x (n, d) that belong to each of k groups; 0 of an empty one."""
    count = torch.bincount(which, minlength=k).clamp(min=1)
    return torch.zeros(k, x.shape[1]).index_add_(0, which, x) / count[:, None]


def window_all(x: Tensor, gap: int) -> Tensor:
    """x at every frame and `gap` frames before, (n, 2 d); the first frames see themselves twice."""
    at = torch.arange(len(x))
    return torch.cat([x, x[(at - gap).clamp(min=0)]], 1)


def cluster(points: Tensor, k: int, seed: int) -> Tensor:
    """Centres (k, d) of `points` by Lloyd's k-means on a sample; an empty cluster starts anew."""
    rng = torch.Generator().manual_seed(seed)
    seen = max(POINTS, POINTS_EACH * k)
    points = points[torch.randperm(len(points), generator=rng)[:seen]]
    centres = points[:k].clone()
    for _ in range(ITERATIONS):
        which = nearest(points, centres)
        count = torch.bincount(which, minlength=k)
        sums = torch.zeros_like(centres).index_add_(0, which, points)
        fresh = points[torch.randint(len(points), (k,), generator=rng)]
        centres = torch.where(count[:, None] > 0, sums / count.clamp(min=1)[:, None], fresh)
    return centres


def nearest(points: Tensor, centres: Tensor) -> Tensor:
    """The index of each point's nearest centre, (n,)."""
    half = 0.5 * centres.square().sum(1)  # |x - c|^2 / 2 but for |x|^2 / 2, which all share
    parts = torch.split(points, 2000)  # their distances stay in the cache
    return torch.cat([torch.addmm(half, part, centres.T, alpha=-1).argmin(1) for part in parts])
