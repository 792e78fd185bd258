"""Gymnasium environments against bare emulation, and against Gymnasium's own processes.

Processor time of all processes together, with ends of games and their resets; starting them is not
counted.
"""

import multiprocessing
from collections.abc import Callable
from functools import cache
from typing import Any

import gymnasium
import numpy as np
import psutil
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, VectorEnv
from numpy.typing import NDArray

from bench.table import LIMIT, OURS, Row, measured, seconds
from mwm.environments.console import pictures
from mwm.environments.game import GameEnv
from mwm.environments.options import setup_of
from mwm.environments.vector import VectorGameEnv
from mwm.environments.worker import ROW, Crew, Task
from mwm.environments.worlds import resolve
from mwm.io.spawn import usable_cores
from mwm.rollouts.emulator import Emulator

GAMES, STEPS, ROUNDS = 16, 400, 3
WORLD = "mirror"
CHANCE: dict[str, Any] = {"repeat_action_probability": 0.25, "noop_max": 30}


def rows() -> list[Row]:
    cores = usable_cores()
    ours = VectorGameEnv(num_envs=GAMES, world=WORLD, **CHANCE)
    theirs: VectorEnv[Any, Any, Any] = AsyncVectorEnv([single] * GAMES)
    alone = single()
    for env in (ours, theirs, alone):
        env.reset(seed=0)
    here = crew()
    share = GAMES * STEPS // cores
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        contenders = {
            OURS: processor(lambda: play(ours, STEPS), GAMES * STEPS),
            LIMIT: processor(lambda: pool.map(act_alone, [share] * cores, 1), share * cores),
            "one crew": processor(lambda: play_crew(*here, STEPS), GAMES * STEPS),
            "one environment": processor(lambda: play_one(alone, share), share),
            "AsyncVectorEnv": processor(lambda: play(theirs, STEPS), GAMES * STEPS),
        }
        figures = measured(contenders, ROUNDS)
    for env in (ours, theirs, alone):
        env.close()
    return [Row(f"{GAMES} environments of {WORLD}", "us/step", figures, "bare act", aim=1.25)]


def processor(task: Callable[[], object], steps: int) -> Callable[[], float]:
    """A contender: microseconds a step of this process and of all that it started."""
    return seconds(task, scale=1e6 / steps, clock=processor_seconds)


def crew() -> tuple[Crew, NDArray[Any]]:
    """The same games in this process, played as a worker does: what processes cost is the rest."""
    setup = setup_of("ALE/Pong-v5", 4, **CHANCE, background=None)
    rows = np.zeros(GAMES, ROW)
    made = Crew(Task(setup, 0, GAMES, None, AutoresetMode.NEXT_STEP), rows)
    made.do(dict(enumerate(range(GAMES))))
    return made, rows


def single() -> gymnasium.Env[Any, Any]:
    return GameEnv(world=WORLD, **CHANCE)


@cache
def loaded() -> Emulator:
    emulator = Emulator("ALE/Pong-v5")
    emulator.reset()
    return emulator


def act_alone(steps: int) -> None:
    emulator = loaded()
    ale, held = emulator._ale, emulator._actions
    for action in np.random.default_rng(0).integers(len(held), size=steps).tolist():
        if ale.game_over():  # after it, `act` emulates nothing
            emulator.reset()
        for _ in range(4):
            ale.act(held[action])


def play(envs: VectorEnv[Any, Any, Any], steps: int) -> None:
    for actions in np.random.default_rng(0).integers(6, size=(steps, envs.num_envs)):
        envs.step(actions)


def play_crew(games: Crew, rows: NDArray[Any], steps: int) -> None:
    world = resolve(WORLD)
    for actions in np.random.default_rng(0).integers(6, size=(steps, GAMES)):
        rows["action"] = actions
        games.do(None)
        pictures(world.show(rows["frame"]))


def play_one(env: gymnasium.Env[Any, Any], steps: int) -> None:
    for action in np.random.default_rng(0).integers(6, size=steps):
        _, _, over, cut, _ = env.step(action)
        if over or cut:
            env.reset()


def processor_seconds() -> float:
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(each.user + each.system for each in times)
