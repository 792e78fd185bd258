"""Functions called in a process of its own, while this one goes on."""

import multiprocessing
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import torch

from mwm import MwmError

T = TypeVar("T")
U = TypeVar("U")
Beside = Callable[[Callable[[], Any]], Callable[[], Any]]  # starts a function; gives how to wait

# `cache` is the Beside of one process alone: it calls the function once, when it is waited for.


@contextmanager
def helper() -> Iterator[Beside]:
    """A process that calls one function at a time, and ends with the block.

    Not a thread: where products are small, Python's lock is what two threads would wait for.
    A script that calls this needs `if __name__ == "__main__":`, as the process is spawned.

    Raises, where a function is waited for, or the next one started:
        MwmError: the process died.
        Exception: the function raised it.
    """
    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # here, because it unblocks SIGINT when it starts
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, torch.get_num_threads()), daemon=True)
    # It inherits the mask, so that Ctrl-C ends this process alone, which then ends it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    try:
        yield _Calls(ours, process).start
    finally:
        process.terminate()
        process.join()
        ours.close()


def each(function: Callable[[T], U], items: Sequence[T], beside: Beside) -> list[U]:
    """What the function returns for each of the items; every other one is done beside."""
    wait = beside(partial(_each, function, items[1::2]))
    answers = _each(function, items[::2])
    for at, answer in enumerate(wait()):
        answers.insert(2 * at + 1, answer)
    return answers


def _each(function: Callable[[T], U], items: Sequence[T]) -> list[U]:
    return [function(item) for item in items]


class _Calls:
    """Functions go into a pipe, and what they return comes out.

    Pickled here: multiprocessing would share tensors by files, which end with their process.
    """

    def __init__(self, connection: Connection, process: BaseProcess) -> None:
        self._connection, self._process = connection, process
        self._under_way: Callable[[], Any] = int

    def start(self, function: Callable[[], Any]) -> Callable[[], Any]:
        self._under_way()  # or either end might wait for the other to read
        with suppress(ConnectionError):  # a dead process: `_receive` tells of it
            self._connection.send_bytes(pickle.dumps(function))
        self._under_way = cache(self._receive)
        return self._under_way

    def _receive(self) -> Any:
        try:
            answer, error = pickle.loads(self._connection.recv_bytes())
        except (EOFError, ConnectionError):
            self._process.join()
            raise MwmError(
                f"a search's helper process died (exit code {self._process.exitcode}), perhaps for "
                "want of memory; try params.yaml's train.run.threads: 1"
            ) from None
        if error:
            raise error
        return answer


def _work(connection: Connection, threads: int) -> None:
    """Answer calls until the other end closes, also by being killed."""
    torch.set_num_threads(threads)
    with suppress(EOFError, ConnectionError):
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))


def _answer(task: bytes) -> bytes:
    try:
        return pickle.dumps((pickle.loads(task)(), None))
    except Exception as error:
        error.add_note(traceback.format_exc())
        return pickle.dumps((None, error))
