"""Start a worker process that talks to this one through a pipe."""

import multiprocessing
import os
import signal
from collections.abc import Callable, MutableMapping
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any


def usable_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spawn(target: Callable[..., None], *arguments: Any) -> tuple[Connection, BaseProcess]:
    """Start a daemon process that calls `target(connection, *arguments)`.

    No library's pool: its workers share a queue, so they would outlive a parent that is killed.
    Here each worker has a pipe of its own and reads the end of it when this process is gone.
    Ctrl-C reaches this process alone, which then ends its workers.
    A script that calls this needs `if __name__ == "__main__":`, as the process is spawned.

    Returns:
        This process's end of the pipe, and the process.
    """
    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # before the mask, because starting it unblocks SIGINT
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the process inherits it
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return ours, process


def dismiss(members: MutableMapping[Connection, BaseProcess]) -> None:
    """End processes, whatever they are doing, and close this end of their pipes."""
    for process in members.values():
        process.kill()  # which one that is stopped hears, too
    for connection, process in members.items():
        process.join()
        connection.close()
    members.clear()
