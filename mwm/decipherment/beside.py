"""A function called in a process of its own, while this one goes on."""

import multiprocessing
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import TypeVar

import torch

from mwm import MwmError

T = TypeVar("T")


@contextmanager
def beside(function: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Call a function in a process of its own, which ends with the block; give how to wait for it.

    Not in a thread: where products are small, Python's lock is what two threads would wait for.
    A script that calls this needs `if __name__ == "__main__":`, as the process is spawned.

    Raises, where it is waited for:
        MwmError: the process died; else, what the function raises.
    """
    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # here, because it unblocks SIGINT when it starts
    ours, theirs = context.Pipe(duplex=False)
    # Pickled here: multiprocessing would share tensors, by files that outlive neither process.
    task = pickle.dumps((function, torch.get_num_threads()))
    process = context.Process(target=_answer, args=(theirs, task), daemon=True)
    # It inherits the mask, so that Ctrl-C ends this process alone, which then ends it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()

    @cache
    def wait() -> T:
        answer: T
        try:
            answer, error = pickle.loads(ours.recv_bytes())
        except EOFError:
            process.join()
            raise MwmError(
                f"a search's process died (exit code {process.exitcode}), perhaps for want of "
                "memory; try params.yaml's train.run.threads: 1"
            ) from None
        if error:
            raise error
        return answer

    try:
        yield wait
    finally:
        process.terminate()
        process.join()
        ours.close()


def _answer(connection: Connection, task: bytes) -> None:
    """Send what the function returns, or raises."""
    function, threads = pickle.loads(task)
    torch.set_num_threads(threads)
    answer: tuple[object, Exception | None]
    try:
        answer = function(), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        answer = None, error
    with suppress(ConnectionError):  # no one waits for an answer
        connection.send_bytes(pickle.dumps(answer))
