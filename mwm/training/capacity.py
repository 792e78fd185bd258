"""Training that wants more memory than there is: what it asked for, and what makes that smaller."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from mwm import MwmError
from mwm.io import system
from mwm.settings.train import Batch, Model

MOST = 200  # characters of what a library says

P = ParamSpec("P")
T = TypeVar("T")


class Sized(Protocol):
    """Settings that decide how much memory a step takes."""

    @property
    def batch(self) -> Batch:
        """Params `train.batch`."""

    @property
    def model(self) -> Model:
        """Params `train.model`."""


S = TypeVar("S", bound=Sized)


def telling_memory(act: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """An act that ends with one line where it finds too little memory.

    Raises:
        MwmError: it does, on the processor or the device.
    """

    @functools.wraps(act)
    def told(setup: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return act(setup, *args, **kwargs)
        except (MemoryError, RuntimeError) as error:
            if not system.out_of_memory(error):
                raise
            batch, model = setup.batch, setup.model
            raise MwmError(
                f"train: expected memory for batches of {batch.frames} frames and of "
                f"{batch.sequences} sequences of {batch.length}, {model.hidden} hidden units of V "
                f"and {model.memory} of M, found: {_brief(error)}; lower train.batch.frames and "
                "train.batch.sequences, or train.model.hidden; finished stages are kept"
            ) from None

    return told


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:MOST] or "none left"
