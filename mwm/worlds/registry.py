"""The registry of bijections: a decorated function becomes a kind that params may name."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.settings.kinds import misfit_step
from mwm.settings.lines import brief

Packed = NDArray[np.uint8]
Bijection = Callable[[Packed], Packed]

KINDS: dict[str, Callable[..., Packed]] = {}


def bijection(kind: str) -> Callable[[Callable[..., Packed]], Callable[..., Packed]]:
    """Register a function of packed frames, (n, 512) uint8 to the same shape, as `kind`.

    Arguments after the frames are the kind's params, integers. The function must return new frames
    and leave its argument as it is.
    """

    def register(function: Callable[..., Packed]) -> Callable[..., Packed]:
        if kind in KINDS:
            raise ValueError(f"a bijection {kind!r} is registered already")
        KINDS[kind] = function
        return function

    return register


def named(kind: str, params: Mapping[str, int], where: str) -> Bijection:
    """The registered bijection `kind` with its params.

    Raises:
        UsageError: no such kind, or not the params that it takes, integers; told as at `where`.
    """
    taken = {each: list(inspect.signature(KINDS[each]).parameters)[1:] for each in KINDS}
    for _, said in misfit_step((), {kind: params}, taken):
        raise UsageError(f"{where}: {said}")
    for name, value in params.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise UsageError(
                f"{where}: {kind}: {name}: expected a whole number, found {brief(value)}"
            )
    return partial(KINDS[kind], **params)
