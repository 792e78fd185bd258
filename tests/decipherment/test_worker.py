"""Functions called in worker processes return, fail and die as they would here."""

import multiprocessing
import os
import signal
import time
from functools import partial

import pytest
import torch
from torch import Tensor

from mwm import MwmError
from mwm.decipherment.worker import started


def product(a: Tensor, b: Tensor) -> tuple[int, int, Tensor]:
    return os.getpid(), torch.get_num_threads(), a @ b


def half(number: int) -> float:
    return number / 2


def process_of(number: int) -> int:
    return os.getpid()


def fail() -> None:
    raise MwmError("train.run.inputs: too short")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def linger(seconds: float) -> None:
    time.sleep(seconds)


def test_a_worker_of_as_many_threads_finds_the_same() -> None:
    a, b = torch.rand(2, 200, 200, generator=torch.Generator().manual_seed(0))
    with started(2) as workers:
        wait = workers.submit(partial(product, a, b))
        process, threads, found = wait()
        assert wait()[2] is found
        assert workers.submit(partial(product, b, a))()[0] == process  # the same one goes on
    assert process != os.getpid()
    assert threads == torch.get_num_threads()
    assert torch.equal(found, a @ b)


def test_one_thread_needs_no_process_and_calls_a_function_once_when_asked() -> None:
    calls: list[int] = []
    with started(1) as workers:
        wait = workers.submit(lambda: calls.append(os.getpid()))
        assert calls == []
        wait()
        wait()
    assert calls == [os.getpid()]


def test_results_come_in_the_order_of_items() -> None:
    for threads in (1, 3):
        with started(threads) as workers:
            for count in range(5):
                assert workers.map(half, range(count)) == [n / 2 for n in range(count)]
            assert len(set(workers.map(process_of, range(6)))) == threads


def test_large_tasks_and_results_do_not_block_one_another() -> None:
    """Both ends sent what no pipe holds, and neither read."""
    large = torch.ones(4_000_000)
    with started(2) as workers:
        first = workers.submit(large.clone)
        sums = workers.map(torch.sum, [large, large])
        assert [float(one) for one in sums] == [4e6, 4e6]
        assert torch.equal(first(), large)


def test_an_error_there_is_an_error_here() -> None:
    with started(2) as workers, pytest.raises(MwmError, match="too short"):
        workers.submit(fail)()


def test_a_process_that_dies_is_reported() -> None:
    with started(2) as workers:
        wait = workers.submit(die)
        for again in (wait, wait, partial(workers.submit, die)):
            with pytest.raises(MwmError, match=r"exit code -9.*threads: 1"):
                again()


def test_a_process_that_dies_while_it_answers_is_reported() -> None:
    """What it sends is more than a pipe holds, so that half of it is there."""
    before = {child.pid for child in multiprocessing.active_children()}
    with started(2) as workers:
        wait = workers.submit(torch.ones(4_000_000).clone)
        (process,) = (c for c in multiprocessing.active_children() if c.pid not in before)
        deadline = time.monotonic() + 60
        while not workers._workers[0]._connection.poll(0.1):
            assert time.monotonic() < deadline
        time.sleep(0.5)
        process.kill()
        with pytest.raises(MwmError, match=r"exit code -9.*threads: 1"):
            wait()


@pytest.mark.parametrize("stopped", [False, True])
def test_the_process_ends_with_the_block(stopped: bool) -> None:
    before = time.monotonic()
    with started(2) as workers:
        process = workers.submit(os.getpid)()
        workers.submit(partial(linger, 600.0))
        if stopped:
            os.kill(process, signal.SIGSTOP)
    assert time.monotonic() - before < 60
