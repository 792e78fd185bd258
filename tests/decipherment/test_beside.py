"""What is called in a process of its own answers, fails and dies as a function would."""

import os
import signal
import time
from functools import partial

import pytest
import torch
from torch import Tensor

from mwm import MwmError
from mwm.decipherment.beside import beside


def product(a: Tensor, b: Tensor) -> tuple[int, int, Tensor]:
    return os.getpid(), torch.get_num_threads(), a @ b


def fail() -> None:
    raise MwmError("train.run.inputs: too short")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def linger(seconds: float) -> None:
    time.sleep(seconds)


def test_another_process_of_as_many_threads_finds_the_same() -> None:
    a, b = torch.rand(2, 200, 200, generator=torch.Generator().manual_seed(0))
    with beside(partial(product, a, b)) as wait:
        process, threads, found = wait()
        assert wait()[2] is found
    assert process != os.getpid()
    assert threads == torch.get_num_threads()
    assert torch.equal(found, a @ b)


def test_an_error_there_is_an_error_here() -> None:
    with beside(fail) as wait, pytest.raises(MwmError, match="too short"):
        wait()


def test_a_process_that_dies_is_told_of() -> None:
    with beside(die) as wait, pytest.raises(MwmError, match=r"exit code -9.*threads: 1"):
        wait()


def test_the_process_ends_with_the_block() -> None:
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), beside(partial(linger, 600.0)):
        raise KeyboardInterrupt
    assert time.monotonic() - started < 60
