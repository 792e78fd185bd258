"""The registry of bijections: a decorated function becomes a kind that params may name."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.settings.lines import did_you_mean

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
    if kind not in KINDS:
        raise UsageError(
            f"{where}: unknown bijection {kind!r}; expected one of {_listed(KINDS)}"
            f"{did_you_mean(kind, KINDS)}"
        )
    taken = list(inspect.signature(KINDS[kind]).parameters)[1:]
    if not isinstance(params, Mapping) or set(params) != set(taken):
        example = f"{{{kind}: {{{', '.join(f'{name}: 0' for name in taken)}}}}}" if taken else kind
        raise UsageError(
            f"{where}: expected {kind} with {_listed(taken)}, found {_told(params)}; "
            f"write {example}"
        )
    for name, value in params.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise UsageError(f"{where}: {kind}: {name}: expected a whole number, found {value!r}")
    return partial(KINDS[kind], **params)


def _told(params: object) -> str:
    return _listed(params) if isinstance(params, Mapping) else repr(params)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "no params"
