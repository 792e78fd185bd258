"""Functions of a world's codes that belong to its dynamics and not to its looks.

Both kinds are the leading eigenvectors of a small matrix, so nothing is trained by gradients:
*slow* functions change least over a lag, *controlled* ones respond most to the actions. Worlds with
the same dynamics have the same functions, whatever V made of the frames, up to rotations among
functions that are equally slow or equally controlled.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from mwm.decipherment.features import Fourier, evaluate, most_alike, whitening, window
from mwm.models.codes import Codes

Function = Callable[[Tensor], Tensor]  # of the codes (n, d) of successive frames, to (n, count)

SAMPLE = 60_000  # frames that a fit sees
RIDGE = 1e-4  # of the regressions, in units of the features' variance
LEADING = 8  # controlled functions at most, before they are combined
ROUNDS = 1, 2, 4, LEADING  # of them are known after each round of their search
SMOOTH = 2.0, 4.0  # widths of their features
DECIDED = 0.2  # least share that actions decide of such a function, relative to the first
COORDINATES = 2  # slowest combinations of them
DETAILS = 3  # leading ones that are kept beside the coordinates
DETAIL = 0.05  # least variance of a detail that the coordinates do not predict, for its scale


def slow(codes: Codes, count: int, lag: int, history: int, features: int, seed: int) -> Function:
    """The `count` functions of `history` frames that change least over `lag` steps.

    Slowest first, of variance 1; 0 in frames without history. `features` random Fourier features
    are combined by `most_alike`.
    """
    basis = Fourier(history * codes.z.shape[1], features, (0.5, 1.0, 2.0), seed)
    rng = np.random.default_rng(seed)
    at = codes.sample(SAMPLE, history - 1, lag, rng)
    now, later = (basis(window(codes.z, t, history)) for t in (at, at + lag))
    centre, weights = most_alike(now, later, count)
    return lambda z: evaluate(
        lambda t: (basis(window(z, t, history)) - centre) @ weights, len(z), history
    )


def controlled(codes: Codes, lag: int, pause: int, seed: int) -> Function:
    """The functions of one frame that the last `lag` actions decide, COORDINATES + DETAILS.

    The functions that actions decide most are fast, since an action moves things by the same step
    anywhere. They give the position of what moves to a fraction of a step, but may be the same at
    both ends of its range. So the first of those returned are combinations of them that are slowest
    over `pause` steps, which differ from end to end; the others, *details*, are the leading
    functions less what these coordinates predict. There are fewer if actions decide fewer.
    """
    leading = _controlled(codes, lag, seed)
    at = codes.sample(SAMPLE, 0, pause, np.random.default_rng(seed))
    known = leading(codes.z)
    now, later = known[at], known[at + pause]
    centre, weights = most_alike(now.clone(), later, COORDINATES)
    coordinates = (now - centre) @ weights
    fitted = torch.linalg.lstsq(coordinates, now[:, :DETAILS]).solution
    details = now[:, :DETAILS] - coordinates @ fitted
    values, vectors = torch.linalg.eigh(details.T @ details / len(at))
    scaled = (vectors / values.clamp(min=DETAIL).sqrt()).flip(1)

    def function(z: Tensor) -> Tensor:
        found = leading(z)
        coordinates = (found - centre) @ weights
        return torch.cat([coordinates, (found[:, :DETAILS] - coordinates @ fitted) @ scaled], 1)

    return function


def _controlled(codes: Codes, lag: int, seed: int) -> Function:
    """At most LEADING functions of one frame, those that actions decide most.

    They maximise the share of the variance of features of z_{t+lag} that the actions explain beyond
    z_t and z_{t-1}. What an action does depends on where things are, so actions enter alone and
    multiplied by features of what is known at t and t-1.

    In the first round all of z is known. Actions then decide products, too, of what they move and
    of something else, and each V draws others of these to the front; so one function is kept. In
    each later round what the round before found is known, and nothing else: actions push a product
    as often up as down.
    """
    z = codes.z
    at = codes.sample(SAMPLE, 1, lag, np.random.default_rng(seed))
    state = Fourier(2 * z.shape[1], 300, SMOOTH, seed + 1)(window(z, at, 2))
    rest = partial(_unexplained, torch.cat([state, torch.ones(len(at), 1)], 1))
    basis = Fourier(z.shape[1], 400, SMOOTH, seed)
    later = basis(z[at + lag])
    centre = later.mean(0)
    later -= centre
    whiten = whitening(later.T @ later / len(at), 1e-3)
    later = rest(later)
    kinds = int(codes.actions.max()) + 1
    taken = torch.cat([torch.eye(kinds)[codes.actions[at + k]] for k in range(lag)], 1)
    taken -= taken.mean(0)

    def decided(count: int, modulation: Tensor) -> Function:
        acts = rest(torch.cat([taken, *(column[:, None] * modulation for column in taken.T)], 1))
        weights = whiten @ _most_decided(later @ whiten.float(), acts, count)
        return lambda z: evaluate(lambda t: (basis(z[t]) - centre) @ weights.float(), len(z), 1)

    found = decided(ROUNDS[0], Fourier(2 * z.shape[1], 100, SMOOTH, seed + 2)(window(z, at, 2)))
    for number, count in enumerate(ROUNDS[1:], 3):
        known = found(z)
        known /= known.std(0)
        modulation = Fourier(2 * known.shape[1], 40, (0.5, 1.0), seed + number)
        found = decided(count, modulation(window(known, at, 2)))
    return found


def _unexplained(state: Tensor, x: Tensor) -> Tensor:
    """What a regression on `state` (n, s) leaves of x (n, f)."""
    gram = state.T @ state / len(state) + RIDGE * torch.eye(state.shape[1])
    rest: Tensor = x - state @ torch.linalg.solve(gram, state.T @ x / len(state))
    return rest


def _most_decided(later: Tensor, acts: Tensor, count: int) -> Tensor:
    """Weights (f, c) of at most `count` combinations of `later` (n, f) that `acts` explain most."""
    shared = (acts.T @ later / len(acts)).double()
    own = (acts.T @ acts / len(acts)).double()
    own += 1e-3 * own.diagonal().mean() * torch.eye(len(own), dtype=own.dtype)
    values, vectors = torch.linalg.eigh(shared.T @ torch.linalg.solve(own, shared))
    decided = int((values > DECIDED * values.max()).sum())
    leading: Tensor = vectors.flip(1)[:, : min(count, decided)]
    return leading
