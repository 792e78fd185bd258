"""A robust smooth regression from symbols to the functions that are expected in them.

Neighbouring symbols get neighbouring functions, which outvotes the few symbols that
expectation-maximisation left astray.
"""

from functools import cached_property

import torch
from torch import Tensor

from mwm.decipherment.clusters import means
from mwm.decipherment.features import Fourier

FEATURES = 150
WIDTHS = (1.0, 2.0)
FITTED = 20_000  # frames of a fit
RIDGE = 0.01
FITS = 3  # in turn; each trusts less what the one before fitted badly


class SymbolRegression:
    """Predicts functions of the original for each symbol of the other world.

    Args:
        functions: (n, f), of single frames of the other world, which tell symbols apart.
        symbols: (n,) int64 below m, of the same frames.
        at: indices of the frames that count.
        m: number of symbols.
        seed: of the features.
    """

    def __init__(self, functions: Tensor, symbols: Tensor, at: Tensor, m: int, seed: int) -> None:
        self._functions, self._symbols, self._at, self._m = functions, symbols, at, m
        self._seed = seed

    def predict(self, expected: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Fit functions `expected` (n, d) in `frames` (n,).

        Returns:
            predictions of each symbol (m, d), and the mean squared error of the fit, summed over d.
        """
        thin = max(1, len(frames) // FITTED)
        expected, x = expected[::thin], self._features[frames[::thin]]
        trust = torch.ones(len(x), 1)
        ridge = RIDGE * torch.eye(x.shape[1])
        for _ in range(FITS):
            gram = x.T @ (x * trust) / trust.sum()
            weights = torch.linalg.solve(gram + ridge, x.T @ (expected * trust) / trust.sum())
            errors = (expected - x @ weights).square().sum(1, keepdim=True)
            trust = 1 / (1 + errors / errors.mean())
        return self._symbol_features @ weights, errors.mean()

    @cached_property
    def _features(self) -> Tensor:
        """Of all frames (n, f): smooth functions are linear in them."""
        at = self._at
        x = (self._functions - self._functions[at].mean(0)) / self._functions[at].std(0)
        return Fourier(x.shape[1], FEATURES, WIDTHS, self._seed).affine(x)

    @cached_property
    def _symbol_features(self) -> Tensor:
        """Their mean over the frames of each symbol, (m, f)."""
        return means(self._symbols[self._at], self._features[self._at], self._m)
