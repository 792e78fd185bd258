"""Games in progress, many at once, as a player sees them: codes of frames and actions."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import seeding
from mwm.control.look import Look
from mwm.environments.reader import Reader
from mwm.environments.vector import VectorGameEnv
from mwm.library.model import TrainedModel
from mwm.settings.control import Control

Flags = NDArray[np.bool_]
Seeds = Callable[[int, int], int]
Noise = Callable[[int], Tensor]
APART = 2**20  # masks choose a bat by number, and each episode begins so far on in their order


def environments(setup: Mapping[str, Any], count: int, workers: int | None) -> VectorGameEnv:
    """Environments of the original for `Games`.

    Args:
        setup: options of `VectorGameEnv`: the game, its frame skip and chance.
        count: how many games.
        workers: processes, at most one for each game; what happens does not depend on them. None:
            one for each core.

    Raises:
        MwmError: a worker failed or died.
    """
    workers = workers and min(workers, count)
    return VectorGameEnv(
        **setup, num_envs=count, workers=workers, autoreset_mode="Disabled", packed=True
    )


def noise_of(settings: Control, latent: int) -> Noise | None:
    """What moves the latents of training games at each look, by its number: params `control.noise`.

    So a policy learns to play by codes that are a little off, as those of another world's V are.
    """
    if not settings.noise:
        return None

    def noise(look: int) -> Tensor:
        rng = torch.Generator().manual_seed(seeding.derive(settings.seed, "control", "noise", look))
        return settings.noise * torch.randn(settings.games, latent, generator=rng)

    return noise


class Games:
    """Games that start anew when they end, each episode with a seed of its own.

    So an episode is a function of its seed and actions, and games that were interrupted can be
    brought back by playing them again from their start (`restore`).

    Attributes:
        frames: (n, 512) uint8, packed: what the original shows now.
        codes: (n, size) float32, what the player makes of it: z, and M's hidden state.
        latent: how many of these numbers are z.
    """

    def __init__(
        self,
        envs: VectorGameEnv,
        model: TrainedModel,
        look: Look,
        seeds: Seeds,
        noise: Noise | None = None,
    ) -> None:
        """Start a game in each environment.

        Args:
            envs: as `environments` makes them; whatever was played in them before is forgotten.
            model: encodes and remembers.
            look: what of the frames the model's V sees.
            seeds: of an episode, by the game's place and by how many episodes it played before.
            noise: (n, latent) of a look, by its number, in V's standard deviations; or none.

        Raises:
            MwmError: a worker failed or died.
        """
        count = envs.num_envs
        self._envs, self._look, self._seeds = envs, look, seeds
        self.latent = model.latent
        self._noise, self._looks = noise, 0
        self._reader = Reader(model, look.world, "hidden", count)
        self._episodes = np.zeros(count, np.int64)
        self._taken: list[list[int]] = [[] for _ in range(count)]
        self._start(np.ones(count, np.bool_))
        self._see()

    def step(self, actions: Tensor) -> tuple[NDArray[np.float64], Flags]:
        """Take an action in each game, (n,) int64; those that end start anew.

        Returns:
            Rewards (n,), and whether each game ended (n,).
        """
        taken = actions.numpy()
        self.frames, rewards, terminated, truncated, _ = self._envs.step(taken)
        self._reader.act(taken)
        for game, action in zip(self._taken, taken.tolist(), strict=True):
            game.append(action)
        ended = terminated | truncated
        if ended.any():
            self._episodes += ended
            self._start(ended)
        self._see()
        return rewards, ended

    def _start(self, which: Flags) -> None:
        """Start episodes in some games."""
        seeds = [
            self._seeds(place, int(number)) if starts else None
            for place, (number, starts) in enumerate(zip(self._episodes, which, strict=True))
        ]
        self.frames, _ = self._envs.reset(seed=seeds, options={"reset_mask": which})
        self._reader.forget(which)
        for place in np.flatnonzero(which):
            self._taken[place] = []

    def _see(self) -> None:
        steps = np.array([len(taken) for taken in self._taken])
        episodes = np.arange(len(steps)) + len(steps) * self._episodes
        shown = self._look(self.frames, APART * episodes + steps)
        noise = self._noise(self._looks) if self._noise else None
        self._looks += 1
        self.codes = torch.from_numpy(self._reader.see(shown, noise))

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """All that `restore` needs: arrays by name, and JSON values."""
        notes = {
            "episodes": self._episodes.tolist(),
            "taken": self._taken,
            "looks": self._looks,
        }
        return self._reader.state(), notes

    def restore(self, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any]) -> None:
        """Become what `state` told: play the episodes under way again, without looking at them.

        All are played at once. Each starts when as many steps are left as it takes, and until then
        plays another episode, of which nothing is kept.
        """
        self._episodes = np.array(notes["episodes"])
        taken = [list(each) for each in notes["taken"]]
        over = np.zeros(len(taken), np.bool_)
        for left in range(max(map(len, taken)), -1, -1):
            starting = np.array([len(each) == left for each in taken]) | over
            if starting.any():
                self._start(starting)
            if left:
                actions = [each[-left] if len(each) >= left else 0 for each in taken]
                self.frames, _, terminated, truncated, _ = self._envs.step(np.array(actions))
                over = terminated | truncated
        self._taken, self._looks = taken, notes["looks"] - 1
        self._reader.restore(arrays)
        self._see()
