"""What is called in a process of its own answers, fails and dies as a function would."""

import os
import signal
import time
from functools import cache, partial

import pytest
import torch
from torch import Tensor

from mwm import MwmError
from mwm.decipherment.beside import each, helper


def product(a: Tensor, b: Tensor) -> tuple[int, int, Tensor]:
    return os.getpid(), torch.get_num_threads(), a @ b


def half(number: int) -> float:
    return number / 2


def fail() -> None:
    raise MwmError("train.run.inputs: too short")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def linger(seconds: float) -> None:
    time.sleep(seconds)


def test_another_process_of_as_many_threads_finds_the_same() -> None:
    a, b = torch.rand(2, 200, 200, generator=torch.Generator().manual_seed(0))
    with helper() as beside:
        wait = beside(partial(product, a, b))
        process, threads, found = wait()
        assert wait()[2] is found
        assert beside(partial(product, b, a))()[0] == process  # the same one goes on
    assert process != os.getpid()
    assert threads == torch.get_num_threads()
    assert torch.equal(found, a @ b)


@pytest.mark.parametrize("count", range(4))
def test_answers_come_in_the_order_of_items(count: int) -> None:
    assert each(half, range(count), cache) == [n / 2 for n in range(count)]


def test_large_tasks_and_answers_do_not_block_one_another() -> None:
    """Both ends sent what no pipe holds, and neither read."""
    large = torch.ones(4_000_000)
    with helper() as beside:
        first = beside(large.clone)
        answers = each(torch.sum, [large, large], beside)
        assert [float(answer) for answer in answers] == [4e6, 4e6]
        assert torch.equal(first(), large)


def test_an_error_there_is_an_error_here() -> None:
    with helper() as beside, pytest.raises(MwmError, match="too short"):
        beside(fail)()


def test_a_process_that_dies_is_told_of() -> None:
    with helper() as beside:
        wait = beside(die)
        for again in (wait, wait, partial(beside, die)):
            with pytest.raises(MwmError, match=r"exit code -9.*threads: 1"):
                again()


def test_the_process_ends_with_the_block() -> None:
    started = time.monotonic()
    with helper() as beside:
        beside(partial(linger, 600.0))
    assert time.monotonic() - started < 60
