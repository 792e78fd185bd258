"""Checks of what callers pass: names of worlds, latents, actions."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.bits import as_array, described
from mwm.settings.lines import did_you_mean


def check_world(world: str, known: Iterable[str]) -> str:
    """`world` as it is, if the model has it.

    Raises:
        UsageError: it has not.
    """
    known = list(known)
    if world not in known:
        raise UsageError(
            f"world: expected one of {', '.join(known)}, found {world!r}"
            f"{did_you_mean(str(world), known)}"
        )
    return world


def latents(z: Any, latent: int, axes: str = "...") -> NDArray[np.float32]:
    """Latents as float32, whose last axis has the length `latent`.

    Args:
        z: floating point, NumPy's or PyTorch's.
        latent: numbers in a latent.
        axes: those before the last: "..." for any, or "b t" for sequences, (b, t) or (t,).

    Raises:
        UsageError: another shape or dtype, or a number that is not finite.
    """
    array = as_array(z)
    fits = axes == "..." or array.ndim in (2, 3)
    shape = f"(..., {latent})" if axes == "..." else f"(b, t, {latent}) or (t, {latent})"
    floating = np.issubdtype(array.dtype, np.floating)
    if not floating or array.shape[-1:] != (latent,) or not fits:
        alone = fits is False and array.shape == (latent,)
        advice = "; write z[None]" if alone else ""
        raise UsageError(f"z: expected {shape} float32, found {described(array)}{advice}")
    if not np.isfinite(array).all():
        raise UsageError("z: expected finite numbers, found others (NaN or infinity)")
    return array.astype(np.float32, copy=False)


def actions(values: Any, leading: tuple[int, ...], steps: int, count: int) -> NDArray[np.int64]:
    """Actions as int64, (*leading, steps).

    Args:
        values: whole numbers, NumPy's or PyTorch's, or nested lists of them.
        leading: () for one sequence, (b,) for many.
        steps: actions per sequence.
        count: how many actions the game has.

    Raises:
        UsageError: another shape or dtype, or an action that the game does not have.
    """
    array = as_array(values)
    shape = (*leading, steps)
    if not np.issubdtype(array.dtype, np.integer) or array.shape != shape:
        raise UsageError(f"actions: expected {shape} integers, found {described(array)}")
    if array.size and not (array.min() >= 0 and array.max() < count):
        wrong = array[(array < 0) | (array >= count)].flat[0]
        raise UsageError(
            f"actions: expected 0..{count - 1}, found {wrong}; they are indices into the game's "
            "minimal action set, as Gymnasium has them"
        )
    return array.astype(np.int64)
