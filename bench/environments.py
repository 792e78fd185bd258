"""Processor time of the environments against that of bare emulation, and against Gymnasium's.

    python -m bench.environments [environments] [steps]

The reference is the emulator's `act` alone, 4 emulated frames a step, on all cores, and in turn
with the environments, so that a busy machine slows all. Limit: 1.25 times the reference for the
vector environment, all of its processes together, with ends of games and their resets. Starting
them is not counted. Beside it: one environment in this process, and Gymnasium's AsyncVectorEnv of
as many, a process each.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import gymnasium
import numpy as np
import psutil
from gymnasium.vector import AsyncVectorEnv, VectorEnv

from mwm.environments.game import GameEnv
from mwm.environments.vector import VectorGameEnv
from mwm.io.spawn import usable_cores
from mwm.rollouts.emulator import Emulator

LIMIT = 1.25
ROUNDS = 4
WORLD = "mirror"
CHANCE = {"repeat_action_probability": 0.25, "noop_max": 30}


def main(count: int = 16, steps: int = 500) -> None:
    cores = usable_cores()
    ours = VectorGameEnv(num_envs=count, world=WORLD, **CHANCE)
    plain = VectorGameEnv(num_envs=count)
    theirs = AsyncVectorEnv([single] * count)
    alone = single()
    for env in (ours, plain, theirs, alone):
        env.reset(seed=0)
    share = count * steps // cores
    totals: dict[str, list[float]] = {}
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        pool.map(act_alone, [10] * cores, chunksize=1)
        for turn in range(ROUNDS):
            tasks: dict[str, tuple[int, Callable[[], Any]]] = {
                "act alone": (share * cores, lambda: pool.map(act_alone, [share] * cores, 1)),
                "vector, as collect plays": (count * steps, lambda: play(plain, steps)),
                "vector, sticky, no-ops, mirror": (count * steps, lambda: play(ours, steps)),
                "one environment": (share, lambda: play_one(alone, share)),
                "Gymnasium's AsyncVectorEnv": (count * steps, lambda: play(theirs, steps)),
            }
            for name, (made, task) in tasks.items():
                spent = measured(task)
                if turn:  # the first warms up
                    sums = totals.setdefault(name, [0.0, 0.0, 0.0])
                    totals[name] = [a + b for a, b in zip(sums, (made, *spent), strict=True)]
    print(f"{count} games, {cores} cores, load {psutil.getloadavg()[0]:.1f} at the end")
    bare = totals["act alone"][1] / totals["act alone"][0]
    for name, (made, busy, wall) in totals.items():
        verdict = ""
        if name.startswith("vector"):
            verdict = f"  {'within' if busy / made <= LIMIT * bare else 'OVER'} {LIMIT}"
        print(
            f"{name:31} {busy / made * 1e6:6.0f} us of a core a step  {busy / made / bare:.2f}  "
            f"{made / wall:6.0f} steps/s{verdict}"
        )
    for env in (ours, plain, theirs, alone):
        env.close()


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


def play_one(env: gymnasium.Env[Any, Any], steps: int) -> None:
    for action in np.random.default_rng(0).integers(6, size=steps):
        _, _, over, cut, _ = env.step(action)
        if over or cut:
            env.reset()


def measured(task: Callable[[], Any]) -> tuple[float, float]:
    """Processor seconds of this process and of all that it started, and seconds."""
    begin, before = time.perf_counter(), processor_seconds()
    task()
    return processor_seconds() - before, time.perf_counter() - begin


def processor_seconds() -> float:
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(each.user + each.system for each in times)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
