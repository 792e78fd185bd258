"""Functions of a world's codes that belong to its dynamics and not to its looks.

Both kinds are the leading eigenvectors of a small matrix, so that nothing is trained: *slow*
functions change least over a lag, *controlled* ones answer most to the actions. Worlds with the
same dynamics have the same ones, whatever V made of the pictures, but for rotations among equals.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mwm.decipherment.codes import Codes

SAMPLE = 60_000  # frames that a fit sees
CHUNK = 20_000  # frames evaluated at once
TILE = 256  # rows of features computed at once, which stay in the cache
RANK = 1e-4  # share of the largest variance below which a direction is noise
RIDGE = 1e-4  # of the regressions, in units of the features' variance
LEADING = 8  # functions that actions decide most, ...
DECIDED = 0.2  # ... each at least this share of what they decide of the first; of those ...
COORDINATES = 2  # ... the slowest, ...
DETAILS = 3  # ... and as details the first
DETAIL = 0.05  # share of a detail's variance that coordinates must not tell


class Fourier:
    """Random Fourier features (Rahimi and Recht 2007): a linear map of them is a smooth function.

    Args:
        inputs: d, of standardised numbers.
        count: features.
        widths: of the Gaussian kernels, in units of sqrt(d).
        seed: of the directions.
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


def window(x: Tensor, at: Tensor, history: int, gap: int = 1) -> Tensor:
    """x at frames `at` and at the `history - 1` frames before, `gap` apart: (n, history x d)."""
    return torch.cat([x[at - k * gap] for k in range(history)], 1)


def slow(codes: Codes, count: int, lag: int, history: int, features: int, seed: int) -> Tensor:
    """The `count` functions of `history` frames that are most alike `lag` steps later, (n, count).

    The variational approach to Markov processes (Wu and Noe 2020), on random Fourier features, with
    one set of functions for both ends; variance 1, slowest first. Frames without history get 0.
    """
    basis = Fourier(history * codes.z.shape[1], features, (0.5, 1.0, 2.0), seed)
    rng = np.random.default_rng(seed)
    at = codes.sample(SAMPLE, history - 1, lag, rng)
    now, later = (basis(window(codes.z, t, history)) for t in (at, at + lag))
    centre, weights = _slowest(now, later, count)
    return _evaluate(
        codes, lambda t: (basis(window(codes.z, t, history)) - centre) @ weights, history
    )


def _slowest(now: Tensor, later: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Centre (f,) and weights (f, count) of features (n, f) that are most alike later.

    Takes the centre off `now` and `later`, which are too large to copy in passing.
    """
    centre = now.mean(0)
    now -= centre
    later -= centre
    ends = torch.cat([now[::2], later[1::2]])  # both count alike
    whiten = _whitening(ends.T @ ends / len(ends))
    change = whiten.T @ (now.T @ later / len(now)).double() @ whiten
    left = torch.linalg.svd(change)[0][:, :count]
    return centre, (whiten @ left).float()


def controlled(codes: Codes, lag: int, pause: int, seed: int) -> Tensor:
    """Functions of one frame that the last `lag` actions decide, (n, COORDINATES + DETAILS).

    Those that actions decide most vary fast, since an action moves things by the same step
    anywhere: they place what moves to a fraction of a step, but may be the same at either end of
    its way. So their slowest combinations over `pause` steps come first, which vary from end to
    end; then, as details, the leading ones less what those coordinates tell.
    """
    leading = _controlled(codes, lag, seed)
    at = codes.sample(SAMPLE, 0, pause, np.random.default_rng(seed))
    centre, weights = _slowest(leading[at], leading[at + pause], COORDINATES)
    coordinates = (leading - centre) @ weights
    fitted = torch.linalg.lstsq(coordinates[at], leading[at, :DETAILS]).solution
    details = leading[:, :DETAILS] - coordinates @ fitted
    values, vectors = torch.linalg.eigh(details[at].T @ details[at] / len(at))
    details = details @ (vectors / values.clamp(min=DETAIL).sqrt())
    return torch.cat([coordinates, details.flip(1)], 1)


def _controlled(codes: Codes, lag: int, seed: int) -> Tensor:
    """At most LEADING functions of one frame, those that actions decide most.

    The eigenvectors of "variance of whitened features of z_{t+lag} that actions explain beyond z_t
    and z_{t-1}"; the actions enter alone and times features of the state.
    """
    d = codes.z.shape[1]
    rng = np.random.default_rng(seed)
    at = codes.sample(SAMPLE, 1, lag, rng)
    basis = Fourier(d, 400, (2.0, 4.0), seed)
    state = torch.cat(
        [Fourier(2 * d, 300, (2.0, 4.0), seed + 1)(window(codes.z, at, 2)), torch.ones(len(at), 1)],
        1,
    )
    later = basis(codes.z[at + lag])
    centre = later.mean(0)
    later = later - centre
    kinds = int(codes.actions.max()) + 1
    taken = torch.cat([torch.eye(kinds)[codes.actions[at + k]] for k in range(lag)], 1)
    taken = taken - taken.mean(0)
    modulation = Fourier(2 * d, 100, (2.0, 4.0), seed + 2)(window(codes.z, at, 2))
    acts = torch.cat([taken, *(column[:, None] * modulation for column in taken.T)], 1)
    gram = state.T @ state / len(at) + RIDGE * torch.eye(state.shape[1])
    later_rest, acts_rest = (
        x - state @ torch.linalg.solve(gram, state.T @ x / len(at)) for x in (later, acts)
    )
    whiten = _whitening(later.T @ later / len(at), 1e-3)
    shared = (acts_rest.T @ later_rest / len(at)).double() @ whiten
    own = (acts_rest.T @ acts_rest / len(at)).double()
    own += 1e-3 * own.diagonal().mean() * torch.eye(len(own), dtype=own.dtype)
    values, vectors = torch.linalg.eigh(shared.T @ torch.linalg.solve(own, shared))
    count = min(LEADING, int((values > DECIDED * values.max()).sum()))
    weights = (whiten @ vectors.flip(1)[:, :count]).float()
    return _evaluate(codes, lambda t: (basis(codes.z[t]) - centre) @ weights, 1)


def _whitening(covariance: Tensor, rank: float = RANK) -> Tensor:
    """W (d, r), float64, with W^T C W = 1 but for a ridge; directions of noise are left out."""
    values, vectors = torch.linalg.eigh(covariance.double())
    floor = rank * values.max()
    kept = values > floor
    whiten: Tensor = vectors[:, kept] / (values[kept] + floor).sqrt()
    return whiten


def _evaluate(codes: Codes, function: Callable[[Tensor], Tensor], history: int) -> Tensor:
    at = torch.arange(history - 1, len(codes.z))
    values = torch.cat([function(part) for part in torch.split(at, CHUNK)])
    return torch.cat([torch.zeros(history - 1, values.shape[1]), values])
