"""Collecting against bare emulation, and against other ways to step the same emulator."""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ale_py
import gymnasium
import numpy as np
from ale_py.vector_env import AtariVectorEnv

from bench.table import LIMIT, OURS, Row, measured, seconds
from mwm.rollouts import games
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.play import play
from mwm.rollouts.recording import collect, recipe_for
from mwm.settings import params
from mwm.settings.collect import Collect

STEPS, ROUNDS = 700, 5  # of an episode; a game lasts longer
EPISODES, WORKERS = 40, 2


def rows() -> list[Row]:
    settings = params.load().collect.model_copy(update={"max_steps": STEPS, "episodes": EPISODES})
    emulator = Emulator(settings.game)
    recipe = recipe_for(settings, games.find(settings.game), emulator.shape)
    actions = play(emulator, recipe, 0).actions.tolist()
    processor = partial(seconds, scale=1e6 / STEPS, clock=time.process_time)
    alone = {
        OURS: processor(lambda: play(emulator, recipe, 0)),
        LIMIT: processor(lambda: act_alone(emulator, actions, recipe.frame_skip)),
        "gymnasium.make": processor(gymnasium_loop(settings)),
    }
    together = {
        OURS: lambda: whole(settings, WORKERS),
        LIMIT: lambda: whole(settings, 1) / WORKERS,
        "ale-py's vector env": lambda: vectorised(settings),
        "Stable-Baselines3": subproc(settings) if find_spec("stable_baselines3") else None,
    }
    return [
        Row("collect, one core", "us/step", measured(alone, ROUNDS), "bare act", aim=1.15),
        Row(
            f"collect, {WORKERS} workers, whole command",
            "us/step",
            measured(together, 2),
            f"one worker / {WORKERS}",
            aim=round(WORKERS / 1.85, 2),
        ),
    ]


def act_alone(emulator: Emulator, actions: list[int], frame_skip: int) -> None:
    """The emulator's `act` and nothing else."""
    ale, held = emulator._ale, emulator._actions
    emulator.reset()
    for action in actions:
        for _ in range(frame_skip):
            ale.act(held[action])
    assert not ale.game_over()  # after it, `act` emulates nothing


def gymnasium_loop(settings: Collect) -> Callable[[], None]:
    """What one would write without us: the screens are kept, not compressed."""
    gymnasium.register_envs(ale_py)
    env = gymnasium.make(
        settings.game,
        frameskip=settings.frame_skip,
        repeat_action_probability=0.0,
        obs_type="grayscale",
    )

    def loop() -> None:
        screens = [env.reset(seed=0)[0]]
        for action in np.random.default_rng(0).integers(6, size=STEPS).tolist():
            screens.append(env.step(action)[0])

    return loop


def whole(settings: Collect, workers: int) -> float:
    """Microseconds on the clock for each step, the start of the processes and the file included."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        collect(settings, Path(folder) / "rollouts.h5", workers)
        return (time.perf_counter() - begin) / (settings.episodes * STEPS) * 1e6


def vectorised(settings: Collect) -> float:
    """As many steps by ale-py's own vector of emulators, whose screens are resized to 84 x 84."""
    environments = 8
    envs = AtariVectorEnv(
        "pong",
        environments,
        num_threads=WORKERS,
        frameskip=settings.frame_skip,
        stack_num=1,
        maxpool=False,
    )
    return stepped(envs, environments, settings.episodes * STEPS)


def stepped(envs: Any, environments: int, steps: int) -> float:
    """Microseconds on the clock for each of so many steps of environments, all together."""
    rng = np.random.default_rng(0)
    envs.reset()
    begin = time.perf_counter()
    for _ in range(steps // environments):
        envs.step(rng.integers(6, size=environments))
    taken = time.perf_counter() - begin
    envs.close()
    return taken / steps * 1e6


def subproc(settings: Collect) -> Callable[[], float]:
    """Steps by Stable-Baselines3's processes."""

    def make() -> gymnasium.Env:
        gymnasium.register_envs(ale_py)
        return gymnasium.make(settings.game, frameskip=settings.frame_skip, obs_type="grayscale")

    def contend() -> float:
        from stable_baselines3.common.vec_env import SubprocVecEnv

        return stepped(SubprocVecEnv([make] * WORKERS), WORKERS, 4 * STEPS)

    return contend
