"""Worker processes: functions called beside this process, with the same results on any number.

Processes and not threads: a search makes many small products, and two threads would wait for
Python's lock most of the time.
"""

import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import torch

from mwm import MwmError
from mwm.io.spawn import spawn

T = TypeVar("T")
U = TypeVar("U")
MOST = 4  # processes at once: a search tries about twenty moves at a time


@contextmanager
def started(threads: int) -> "Iterator[Workers]":
    """Workers for the time of a `with` block, which ends them.

    Args:
        threads: processes that work at once, this one included; more than MOST are not used.
    """
    processes: list[_Worker] = []
    try:
        for _ in range(min(threads, MOST) - 1):
            processes.append(_Worker())
        yield Workers(processes)
    finally:
        for process in processes:
            process.end()


class Workers:
    """This process and the workers beside it; there may be none.

    What a worker calls and what it returns must be picklable.
    """

    def __init__(self, workers: "Sequence[_Worker]" = ()) -> None:
        self._workers = workers

    def submit(self, function: Callable[[], T]) -> Callable[[], T]:
        """Start `function` in the first worker; what is returned waits for its result.

        Without workers the function is called here, once, when its result is first asked for.

        Raises, where a result is waited for, or that worker's next function submitted:
            MwmError: the process died.
            Exception: the function raised it.
        """
        if not self._workers:
            return cache(function)
        return self._workers[0].submit(function)

    def map(self, function: Callable[[T], U], items: Sequence[T]) -> list[U]:
        """`function` of each item, in order; this process and the workers share them evenly."""
        count = 1 + len(self._workers)
        shares = [partial(_map, function, items[place::count]) for place in range(count)]
        waits = [w.submit(share) for w, share in zip(self._workers, shares[1:], strict=True)]
        results = [shares[0](), *(wait() for wait in waits)]
        return [results[place % count][place // count] for place in range(len(items))]


ALONE = Workers()


def _map(function: Callable[[T], U], items: Sequence[T]) -> list[U]:
    return [function(item) for item in items]


class _Worker:
    """One process: pickled functions go into its pipe, and pickled results come out.

    Pickled here and not by the pipe, which would share tensors by files that end with their
    process.
    """

    def __init__(self) -> None:
        self._connection, self._process = spawn(_work, torch.get_num_threads())
        self._last: Callable[[], Any] | None = None

    def submit(self, function: Callable[[], T]) -> Callable[[], T]:
        if self._last:
            self._last()  # one at a time, or both ends might wait for the other to read
        with suppress(ConnectionError):  # a dead process is reported by `_receive`
            self._connection.send_bytes(pickle.dumps(function))
        self._last = cache(self._receive)  # a result is received once and may be asked for again
        return self._last

    def _receive(self) -> Any:
        try:
            result, error = pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):  # the second: it died while it answered
            self._process.join()
            raise MwmError(
                f"a worker process of the search died (exit code {self._process.exitcode}), "
                "perhaps for want of memory; try params.yaml's train.run.threads: 1"
            ) from None
        if error:
            raise error
        return result

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()  # which one that is stopped hears, too
        self._process.join()
        self._connection.close()


def _work(connection: Connection, threads: int) -> None:
    """Call functions until the other end closes, as it does when that process is killed."""
    torch.set_num_threads(threads)
    with suppress(EOFError, ConnectionError):
        while True:
            connection.send_bytes(_call(connection.recv_bytes()))


def _call(function: bytes) -> bytes:
    try:
        return pickle.dumps((pickle.loads(function)(), None))
    except Exception as error:
        error.add_note(traceback.format_exc())
        return pickle.dumps((None, error))
