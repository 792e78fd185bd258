"""Learning to play, by ours and by Stable-Baselines3's PPO, against the emulator alone.

    python -m bench control                     (a row of the table: time of a step of the game)
    python -m bench.control STEPS [--theirs]    (what one of them scores after so many steps)

Run it after `make repro`. Both see the same codes and have the settings of params.yaml.
"""

import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import gymnasium
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor, nn

import mwm
from bench.table import LIMIT, OURS, Row, measured, seconds
from mwm import UsageError, seeding
from mwm.control import player, policy, training
from mwm.control.games import Games, environments
from mwm.control.look import Look
from mwm.control.training import Trainer
from mwm.io.frames import read_frames
from mwm.models.model import MetaWorldModel, load
from mwm.runtime import commands
from mwm.settings import params
from mwm.settings.base import ORIGINAL
from mwm.settings.control import Control
from mwm.transfer.scoring import score

RUNS, DATA = Path("runs"), Path("data/worlds")
UPDATES, ROUNDS = 2, 3
SCORED = 40  # games
app = commands.application(__doc__)


def rows() -> list[Row]:
    if not (RUNS / "anchor").is_dir():
        print("bench: control: left out, as nothing was trained here", file=sys.stderr)
        return []
    torch.set_num_threads(1)
    settings, about, model = _prepared()
    steps = UPDATES * settings.games * settings.horizon
    with closing(environments(about.setup, settings.games, None)) as envs:
        trainer = _trainer(envs, settings, about, model)
        trainer._watch()
        updates = partial(_update, trainer)
        contenders: dict[str, Callable[[], float] | None] = {
            OURS: seconds(updates, scale=1e6 / steps),
            LIMIT: seconds(partial(_emulate, envs, steps), scale=1e6 / steps),
            "Stable-Baselines3": None,
        }
        if theirs := _theirs(settings, about, model):
            learn = partial(theirs.learn, steps, reset_num_timesteps=False)
            contenders["Stable-Baselines3"] = seconds(learn, scale=1e6 / steps)
        figures = measured(contenders, ROUNDS)
        if theirs:
            theirs.env.close()
    return [Row("learning to play", "us/step", figures, "playing")]


@commands.command(app)
def main(
    steps: Annotated[int, typer.Argument(help="of the game, to train for", min=1)],
    theirs: Annotated[bool, typer.Option("--theirs", help="by Stable-Baselines3's PPO")] = False,
) -> None:
    """Train a player by one PPO, and score it as the stage `transfer` does."""
    torch.set_num_threads(1)
    settings, about, model = _prepared(steps=steps)
    began = time.perf_counter()
    if theirs:
        found = _theirs(settings, about, model)
        if found is None:
            raise UsageError("bench.control: expected stable-baselines3, found none; install it")
        found.learn(steps)
        found.env.close()
        scale = found.env.venv.scale  # as while it learned

        def choose(codes: Tensor) -> Tensor:
            return torch.from_numpy(found.predict(scale(codes).numpy(), deterministic=True)[0])

    else:
        with closing(environments(about.setup, settings.games, None)) as envs:
            trainer = _trainer(envs, settings, about, model)
            trainer.train()
        choose = trainer._policy.best
    took = time.perf_counter() - began
    with closing(environments(about.setup, SCORED, None)) as envs:
        done = score(envs, mwm.TrainedModel(model), Look(ORIGINAL), choose, seed=2)
    who = "Stable-Baselines3" if theirs else "ours"
    print(f"{who}: {steps:,} steps in {took:.0f} s, score {done.mean:.1f} ± {done.margin:.1f}")


def _prepared(**changed: int) -> tuple[Control, player.About, MetaWorldModel]:
    settings = params.load().control.model_copy(update=changed)
    model = load(RUNS / "anchor").eval()
    about = player.about(model, read_frames(DATA / f"{ORIGINAL}.h5", "world"), settings)
    return settings, about, model


def _trainer(envs: Any, settings: Control, about: player.About, model: MetaWorldModel) -> Trainer:
    seeds = partial(seeding.derive, settings.seed, "control", "games")
    games = Games(envs, mwm.TrainedModel(model), Look(ORIGINAL), seeds)
    fresh = policy.initialise(about.seen, about.actions, settings.hidden, settings.seed)
    return Trainer(fresh, games, settings)


def _update(trainer: Trainer) -> None:
    for number in range(1, UPDATES + 1):
        trainer._update(number)


def _emulate(envs: Any, steps: int) -> None:
    """What the same environments take for random actions, with resets."""
    chance = np.random.default_rng(0)
    for _ in range(steps // envs.num_envs):
        _, _, terminated, truncated, _ = envs.step(chance.integers(6, size=envs.num_envs))
        if (over := terminated | truncated).any():
            envs.reset(options={"reset_mask": over})


def _theirs(settings: Control, about: player.About, model: MetaWorldModel) -> Any:
    """Their PPO with our settings; None if it is not installed."""
    try:
        from stable_baselines3 import PPO
    except ImportError:
        return None
    chosen = {"pi": [settings.hidden] * 2, "vf": [settings.hidden] * 2}
    return PPO(
        "MlpPolicy",
        _as_theirs(settings, about, model),
        learning_rate=lambda left: settings.learning_rate * max(left, training.LEAST),
        n_steps=settings.horizon,
        batch_size=settings.batch,
        n_epochs=settings.epochs,
        gamma=settings.discount,
        gae_lambda=settings.trace,
        clip_range=settings.clip,
        ent_coef=settings.entropy,
        policy_kwargs={"net_arch": chosen, "activation_fn": nn.Tanh},
        seed=settings.seed,
        device="cpu",
    )


def _as_theirs(settings: Control, about: player.About, model: MetaWorldModel) -> Any:
    """The same games as their library wants them, with codes scaled as ours are."""
    from stable_baselines3.common.vec_env import VecEnv, VecMonitor

    envs = environments(about.setup, settings.games, None)
    seeds = partial(seeding.derive, settings.seed, "control", "games")
    games = Games(envs, mwm.TrainedModel(model), Look(ORIGINAL), seeds)
    scaled = policy.initialise(about.seen, about.actions, settings.hidden, 0)
    seen, chance = [], np.random.default_rng(0)
    for _ in range(training.WATCHED):
        seen.append(games.codes)
        games.step(torch.from_numpy(chance.integers(6, size=settings.games)))
    scaled.calibrate(torch.cat(seen), model.config.latent)
    space = gymnasium.spaces.Box(-np.inf, np.inf, (about.seen,), np.float32)

    class Adapted(VecEnv):  # type: ignore[misc, unused-ignore]
        scale = staticmethod(scaled._scaled)

        def reset(self) -> NDArray[np.float32]:
            return self._seen()

        def step_async(self, actions: NDArray[np.int64]) -> None:
            self._taken = actions

        def step_wait(self) -> Any:
            rewards, ended = games.step(torch.from_numpy(self._taken))
            seen = self._seen()
            infos = [{"terminal_observation": codes} for codes in seen]
            return seen, rewards.astype(np.float32), ended | (rewards != 0), infos

        def _seen(self) -> NDArray[np.float32]:
            seen: NDArray[np.float32] = self.scale(games.codes).numpy()
            return seen

        def close(self) -> None:
            envs.close()

        def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
            return [None] * self.num_envs

        def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
            raise NotImplementedError

        def env_method(self, method_name: str, *args: Any, **options: Any) -> list[Any]:
            raise NotImplementedError

        def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
            return [False] * self.num_envs

    return VecMonitor(Adapted(settings.games, space, gymnasium.spaces.Discrete(about.actions)))


if __name__ == "__main__":
    app()
