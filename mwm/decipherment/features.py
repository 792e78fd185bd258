"""Random features of codes, and the linear algebra of functions that are linear in them."""

from collections.abc import Callable

import torch
from torch import Tensor

CHUNK = 20_000  # frames evaluated at once
TILE = 256  # rows of features computed at once, which stay in the cache
RANK = 1e-4  # share of the largest variance below which a direction is noise


class Fourier:
    """Random Fourier features (Rahimi and Recht 2007): a linear map of them is a smooth function.

    Args:
        inputs: d, the number of standardised inputs.
        count: of the features.
        widths: of the Gaussian kernels, in units of sqrt(d); each feature draws one.
        seed: of the features.
    """

    def __init__(self, inputs: int, count: int, widths: tuple[float, ...], seed: int) -> None:
        rng = torch.Generator().manual_seed(seed)
        width = torch.tensor(widths)[torch.randint(len(widths), (count,), generator=rng)]
        self._directions = torch.randn(inputs, count, generator=rng) / (width * inputs**0.5)
        self._phases = torch.rand(count, generator=rng) * 2 * torch.pi

    def __call__(self, x: Tensor) -> Tensor:
        """(n, inputs) to (n, count)."""
        features = torch.empty(len(x), len(self._phases))
        for rows, out in zip(torch.split(x, TILE), torch.split(features, TILE), strict=True):
            torch.addmm(self._phases, rows, self._directions, out=out).cos_().mul_(2**0.5)
        return features

    def affine(self, x: Tensor) -> Tensor:
        """1, x and the features, (n, 1 + inputs + count)."""
        return torch.cat([torch.ones(len(x), 1), x, self(x)], 1)


def window(x: Tensor, at: Tensor, history: int) -> Tensor:
    """x (frames, d) at indices `at` (n,) and at the `history - 1` before each: (n, history x d)."""
    return torch.cat([x[at - k] for k in range(history)], 1)


def most_alike(now: Tensor, later: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The linear functions of features that change least from `now` to `later`, both (n, f).

    The variational approach to Markov processes (Wu and Noe 2020), with one set of functions for
    both ends. Overwrites `now` and `later`, which are too large to copy.

    Returns:
        centre (f,) and weights (f, count), float32, slowest first: (features - centre) @ weights
        have variance 1.
    """
    centre = now.mean(0)
    now -= centre
    later -= centre
    ends = torch.cat([now[::2], later[1::2]])  # both ends have the same weight
    whiten = whitening(ends.T @ ends / len(ends))
    change = whiten.T @ (now.T @ later / len(now)).double() @ whiten
    left = torch.linalg.svd(change)[0][:, :count]
    return centre, (whiten @ left).float()


def whitening(covariance: Tensor, rank: float = RANK) -> Tensor:
    """W (d, r), float64, with W^T C W nearly 1, of a covariance C (d, d).

    Directions of less than `rank` of the largest variance are left out as noise.
    """
    values, vectors = torch.linalg.eigh(covariance.double())
    floor = rank * values.max()
    kept = values > floor
    whiten: Tensor = vectors[:, kept] / (values[kept] + floor).sqrt()
    return whiten


def evaluate(function: Callable[[Tensor], Tensor], frames: int, history: int) -> Tensor:
    """A function of indices (n,) -> (n, f) at all `frames`; 0 at those without the history."""
    at = torch.arange(history - 1, frames)
    values = torch.cat([function(part) for part in torch.split(at, CHUNK)])
    return torch.cat([torch.zeros(history - 1, values.shape[1]), values])
