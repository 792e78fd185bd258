"""Play episodes in several processes; they are returned in order and in bounded memory."""

from collections.abc import Generator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from mwm import MwmError
from mwm.io.spawn import dismiss, spawn
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.play import Episode, Recipe, play

AHEAD = 4  # episodes per worker that may be under way or waiting for one before them


def play_all(
    recipe: Recipe, episodes: Sequence[int], workers: int
) -> Generator[Episode, None, None]:
    """Play the episodes with these indices in `workers` processes (1: in this one), in order.

    A script that calls this needs `if __name__ == "__main__":`, as the processes are spawned.

    Raises:
        MwmError: a worker failed or died.
    """
    if workers == 1:
        emulator = Emulator(recipe.game)
        yield from (play(emulator, recipe, index) for index in episodes)
        return
    finished: dict[int, Episode] = {}
    team = _Team(recipe, episodes, min(workers, len(episodes)))
    try:
        for place, wanted in enumerate(episodes):
            horizon = min(len(episodes), place + AHEAD * workers)
            team.assign(horizon)
            while wanted not in finished:
                finished.update(team.receive())
                team.assign(horizon)
            yield finished.pop(wanted)
    finally:
        dismiss(team.processes)


class _Team:
    """Worker processes, each at one end of a pipe: an index goes in, an episode comes out.

    Each has a pipe of its own, so that it notices when this process is killed, and leaves.

    Attributes:
        processes: by this process's end of their pipes.
    """

    def __init__(self, recipe: Recipe, episodes: Sequence[int], workers: int) -> None:
        self._idle: list[Connection] = []
        self._busy: dict[Connection, int] = {}
        self.processes: dict[Connection, BaseProcess] = {}
        self._episodes, self._given = episodes, 0
        for _ in range(workers):
            connection, process = spawn(_work, recipe)
            self._idle.append(connection)
            self.processes[connection] = process

    def assign(self, horizon: int) -> None:
        """Give every idle worker the next of the first `horizon` episodes, in order."""
        while self._idle and self._given < horizon:
            connection = self._idle.pop()
            self._busy[connection] = self._episodes[self._given]
            self._given += 1
            with suppress(OSError):  # a dead worker: `receive` tells of it
                connection.send(self._busy[connection])

    def receive(self) -> dict[int, Episode]:
        """Wait for at least one episode; returns those that are there, by index."""
        ready = wait(list(self._busy))
        return {
            index: self._take(connection, index)
            for connection, index in list(self._busy.items())
            if connection in ready
        }

    def _take(self, connection: Connection, index: int) -> Episode:
        try:
            answer: Episode | str = connection.recv()
        except (EOFError, OSError):
            process = self.processes[connection]
            process.join()
            raise MwmError(
                f"episode {index}: its worker process died (exit code {process.exitcode}), "
                "perhaps for want of memory; try fewer --workers"
            ) from None
        if isinstance(answer, str):
            raise MwmError(f"episode {index}: its worker failed: {answer}")
        del self._busy[connection]
        self._idle.append(connection)
        return answer


def _work(connection: Connection, recipe: Recipe) -> None:
    """Play the episodes whose indices come in, until the other end closes."""
    try:
        emulator = Emulator(recipe.game)
        while True:
            connection.send(play(emulator, recipe, connection.recv()))
    except (EOFError, ConnectionError):
        pass  # no one waits for an answer
    except Exception as error:
        connection.send(f"{type(error).__name__}: {' '.join(str(error).split())}")
