"""Checks of what callers pass: names of worlds, paths, numbers, latents, actions."""

import os
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.bits import as_array, described
from mwm.settings.lines import brief, did_you_mean


def check_world(world: str, known: Iterable[str]) -> str:
    """`world` as it is, if the model has it.

    Raises:
        UsageError: it has not.
    """
    known = list(known)
    if not isinstance(world, str) or world not in known:
        raise UsageError(
            f"world: expected one of {', '.join(known)}, found {brief(world)}"
            f"{did_you_mean(str(world), known)}"
        )
    return world


def path_of(what: str, value: Any) -> Path:
    """A path that a caller passes as text or as a path; `what` an error calls it.

    Raises:
        UsageError: it is something else, or no system can have a file of that name.
    """
    text = os.fspath(value) if isinstance(value, str | PathLike) else None
    if not isinstance(text, str) or "\0" in text or not _can_be_named(text):
        raise UsageError(f"{what}: expected a path, found {brief(value)}")
    return Path(text)


def _can_be_named(path: str) -> bool:
    """Whether the bytes of a path can be told: half of a surrogate pair has none."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def is_integer(number: Any) -> bool:
    """Whether it is a whole number, NumPy's too; truth values and spans of time are none."""
    return isinstance(number, int | np.integer) and not isinstance(number, bool | np.timedelta64)


def check_flag(what: str, value: Any) -> bool:
    """True or False, NumPy's too, as Python's; `what` an error calls it.

    Raises:
        UsageError: it is something else, such as 1 or "no".
    """
    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"{what}: expected True or False, found {brief(value)}")
    return bool(value)


def check_whole(what: str, number: Any, least: int, most: int | None = None) -> int:
    """A whole number within the bounds, NumPy's too, as Python's; `what` an error calls it.

    Raises:
        UsageError: it is something else: a bool, a float such as 3.0, or out of bounds.
    """
    if not is_integer(number) or number < least or (most is not None and number > most):
        to = "" if most is None else f" to {most}"
        raise UsageError(f"{what}: expected a whole number from {least}{to}, found {brief(number)}")
    return int(number)


def is_whole(array: NDArray[Any]) -> bool:
    """Whether an array is of whole numbers; NumPy counts spans of time among them."""
    return array.dtype.kind in "iu"


SHAPES = {  # of latents of the length {0}, by what comes before the last axis
    "...": "(..., {0})",
    "b t": "(b, t, {0}) or (t, {0})",
    "n": "(n, {0})",
}
RANKS = {"b t": (2, 3), "n": (2,)}


def latents(z: Any, latent: int, axes: str = "...", name: str = "z") -> NDArray[np.float32]:
    """Latents as float32, whose last axis has the length `latent`.

    Args:
        z: floating point, NumPy's or PyTorch's.
        latent: numbers in a latent.
        axes: those before the last: "..." for any, "n" for one, "b t" for sequences, (b, t) or
            (t,).
        name: what an error calls them.

    Raises:
        UsageError: another shape or dtype, or a number that is not finite as float32.
    """
    array = as_array(z)
    fits = array.ndim in RANKS.get(axes, (array.ndim,))
    floating = np.issubdtype(array.dtype, np.floating)
    if not floating or array.shape[-1:] != (latent,) or not fits:
        alone = not fits and array.shape == (latent,)
        advice = f"; write {name}[None]" if alone else ""
        raise UsageError(
            f"{name}: expected {SHAPES[axes].format(latent)} float32, found "
            f"{described(array)}{advice}"
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and told
        single = array.astype(np.float32, copy=False)
    if not np.isfinite(single).all():
        raise UsageError(f"{name}: expected finite numbers, found others (NaN or infinity)")
    return single


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
    if not is_whole(array) or array.shape != shape:
        raise UsageError(f"actions: expected {shape} integers, found {described(array)}")
    if array.size and not (array.min() >= 0 and array.max() < count):
        wrong = array[(array < 0) | (array >= count)].flat[0]
        raise UsageError(
            f"actions: expected 0..{count - 1}, found {wrong}; they are indices into the game's "
            "minimal action set, as Gymnasium has them"
        )
    return array.astype(np.int64)
