"""A worker of the vector environment: it plays several games and writes to shared memory."""

from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from mwm.environments.console import Console, Setup
from mwm.frames.pooling import any_pool
from mwm.io.frames import FRAME_BYTES

# One row of the shared memory: what one game is told, and what comes of it. Frames are packed and
# the original's; `last` is the frame that an episode ended with, `noops` is -1 within an episode.
ROW = np.dtype(
    [
        ("action", np.int64),
        ("reward", np.float64),
        ("noops", np.int64),
        ("frame", np.uint8, FRAME_BYTES),
        ("last", np.uint8, FRAME_BYTES),
        ("terminated", np.bool_),
        ("truncated", np.bool_),
    ],
    align=True,
)
# What a worker is asked: a step (None), or to reset games, by their place in it, with these seeds.
Asked = dict[int, int | None] | None


@dataclass(frozen=True)
class Task:
    """What a worker plays: the games first..first + count - 1.

    Attributes:
        setup: what each of them is played with.
        first, count: which rows of the shared memory are theirs.
        limit: steps at which an episode is cut; None: none.
        mode: what happens after the end of an episode.
    """

    setup: Setup
    first: int
    count: int
    limit: int | None
    mode: AutoresetMode


def rows_of(memory: Any) -> NDArray[Any]:
    """The shared memory as rows, (games,) of ROW."""
    return np.frombuffer(memory, ROW)


def work(connection: Connection, task: Task, memory: Any) -> None:
    """Do what is asked until the other end closes; the answer is None, or what went wrong."""
    try:
        crew = Crew(task, rows_of(memory)[task.first : task.first + task.count])
        connection.send(None)
        while True:
            crew.do(connection.recv())
            connection.send(None)
    except (EOFError, ConnectionError):
        pass  # no one waits for an answer
    except Exception as error:
        connection.send(f"{type(error).__name__}: {' '.join(str(error).split())}")


class Crew:
    """Several games that take their steps together."""

    def __init__(self, task: Task, rows: NDArray[Any]) -> None:
        self._task, self._rows = task, rows
        self._consoles = [Console(task.setup) for _ in range(task.count)]
        self._chances = [np.random.default_rng() for _ in range(task.count)]
        self._steps = [0] * task.count
        self._masks = np.zeros((task.count, *task.setup.shape), np.bool_)

    def do(self, asked: Asked) -> None:
        """A step of all games, or resets of some; it leaves all their frames in the rows."""
        self._rows["noops"] = -1
        if asked is None:
            for place, action in enumerate(self._rows["action"].tolist()):
                self._step(place, action)
        else:
            for place, seed in asked.items():
                if seed is not None:
                    self._chances[place] = seeding.np_random(seed)[0]
                self._reset(place)
                self._result(place, 0.0, False, False)
        self._rows["frame"] = any_pool(self._masks)

    def _step(self, place: int, action: int) -> None:
        row, mode = self._rows[place], self._task.mode
        ended = row["terminated"] or row["truncated"]
        if ended and mode is AutoresetMode.NEXT_STEP:
            self._reset(place)
            self._result(place, 0.0, False, False)
            return
        console = self._consoles[place]
        reward = console.step(action, self._chances[place])
        console.mask(self._masks[place])
        self._steps[place] += 1
        cut = self._task.limit is not None and self._steps[place] >= self._task.limit
        self._result(place, reward, console.over, cut)
        if (console.over or cut) and mode is AutoresetMode.SAME_STEP:
            row["last"] = any_pool(self._masks[place : place + 1])[0]
            self._reset(place)

    def _reset(self, place: int) -> None:
        self._rows["noops"][place] = self._consoles[place].reset(self._chances[place])
        self._consoles[place].mask(self._masks[place])
        self._steps[place] = 0

    def _result(self, place: int, reward: float, terminated: bool, truncated: bool) -> None:
        self._rows["reward"][place] = reward
        self._rows["terminated"][place] = terminated
        self._rows["truncated"][place] = truncated
