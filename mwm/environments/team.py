"""The worker processes of the vector environment, seen from the process that uses it."""

import itertools
import multiprocessing
import os
import weakref
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from gymnasium.vector import AutoresetMode

from mwm import MwmError
from mwm.environments.console import Setup
from mwm.environments.worker import ROW, Asked, Task, rows_of, work
from mwm.io.spawn import dismiss, spawn

# How Python ends a spawned process that fails before it calls `work`, which answers all errors: it
# imports the script anew, and cannot if the script makes environments on import.
UNPREPARED = 1


class Team:
    """Workers that play `games` games, each a part of them, all at the same time.

    Pipes carry a word per worker and step; all else is in memory that they share, which the system
    takes back when the last process that has it ends, however it ends.

    Attributes:
        rows: (games,) of `worker.ROW`.
    """

    def __init__(
        self, setup: Setup, games: int, workers: int, limit: int | None, mode: AutoresetMode
    ) -> None:
        """Start the processes, and wait until each has loaded its games.

        Raises:
            MwmError: a worker failed or died.
        """
        memory = multiprocessing.get_context("spawn").RawArray("B", games * ROW.itemsize)
        self.rows = rows_of(memory)
        edges = [games * worker // workers for worker in range(workers + 1)]
        self._parts = list(itertools.pairwise(edges))
        self._members: dict[Connection, BaseProcess] = {}
        self.close = weakref.finalize(self, _dismiss, self._members, os.getpid())
        try:
            for first, end in self._parts:
                task = Task(setup, first, end - first, limit, mode)
                connection, process = spawn(work, task, memory)
                self._members[connection] = process
            self._answers()
        except BaseException:
            self.close()
            raise

    def step(self) -> None:
        """Let every game take its action.

        Raises:
            MwmError: a worker failed or died; all are gone then, as after an interrupt.
        """
        self._ask([None] * len(self._parts))

    def reset(self, seeds: Mapping[int, int | None]) -> None:
        """Let these games, by number, start anew, with these seeds or with chance as it was.

        Raises:
            MwmError: as `step`.
        """
        self._ask(
            [
                {game - first: seeds[game] for game in range(first, end) if game in seeds}
                for first, end in self._parts
            ]
        )

    def _ask(self, asked: list[Asked]) -> None:
        try:
            for connection, each in zip(self._members, asked, strict=True):
                with suppress(OSError):  # a dead worker: `_answers` tells of it
                    connection.send(each)
            self._answers()
        except BaseException:  # what has not been read would be taken for an answer later on
            self.close()
            raise

    def _answers(self) -> None:
        for number, (connection, process) in enumerate(self._members.items()):
            try:
                failed: str | None = connection.recv()
            except (EOFError, OSError):
                process.join()
                if process.exitcode == UNPREPARED:
                    raise MwmError(
                        f"worker {number} of the environments could not start: its own error is "
                        'above; a script that makes environments needs `if __name__ == "__main__":`'
                    ) from None
                raise MwmError(
                    f"worker {number} of the environments died (exit code {process.exitcode}), "
                    "perhaps for want of memory; make new ones, with fewer num_envs or workers"
                ) from None
            if failed is not None:
                raise MwmError(f"worker {number} of the environments failed: {failed}")


def _dismiss(members: dict[Connection, BaseProcess], owner: int) -> None:
    """End the workers, unless this process is a copy of the one that has them (`os.fork`)."""
    if os.getpid() == owner:
        dismiss(members)
