"""Score a player: one game of each of many seeds to its end, by the actions it holds for best."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import seeding
from mwm.control.games import Games
from mwm.control.look import Look
from mwm.environments.vector import VectorGameEnv
from mwm.io.progress import Monitor, silent
from mwm.library.model import TrainedModel

FILMED = 1000  # frames of the first game that are kept
SHOWN = 8  # games of which frames are kept to measure what V makes of them ...
EVERY = 10  # ... one of this many
Z95 = 1.96  # standard errors of a mean within which it is in 95% of cases

Choose = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Score:
    """What came of a player's games.

    Attributes:
        points: (n,) of each game: its rewards, added up.
        steps: (n,) that each took.
        film: (f, 512) uint8, packed: the first frames of the first game, as the original has them.
        earned: (f,) the points in that game until each of them.
        frames: (m, 512) uint8, packed: some of what happened, as the original has it ...
        codes: (m, size) ... and what the player made of it.
    """

    points: NDArray[np.float64]
    steps: NDArray[np.int64]
    film: NDArray[np.uint8]
    earned: NDArray[np.float64]
    frames: NDArray[np.uint8]
    codes: Tensor

    @property
    def mean(self) -> float:
        """Points of a game."""
        return float(self.points.mean())

    @property
    def margin(self) -> float:
        """Half of the interval in which the mean is in 95% of cases."""
        return float(Z95 * self.points.std(ddof=1) / len(self.points) ** 0.5)


def score(
    envs: VectorGameEnv,
    model: TrainedModel,
    look: Look,
    choose: Choose,
    seed: int,
    label: str = "score",
    monitor: Monitor = silent,
) -> Score:
    """Play a game in each environment to its end: to stop at a number favours short games.

    Args:
        envs: as `games.environments` makes them.
        model: encodes and remembers.
        look: what of the frames the model's V sees.
        choose: actions (n,) int64 for codes (n, size).
        seed: of all games' chance.
        label: of the progress.
        monitor: opens it.

    Raises:
        MwmError: a worker failed or died.
    """
    count = envs.num_envs
    points, steps, over = np.zeros(count), np.zeros(count, np.int64), np.zeros(count, np.bool_)
    film: list[NDArray[np.uint8]] = []
    earned: list[float] = []
    frames: list[NDArray[np.uint8]] = []
    codes: list[Tensor] = []

    def seeds(place: int, number: int) -> int:
        return seeding.derive(seed, "transfer", place, number)

    games = Games(envs, model, look, seeds)
    with monitor(label, count, "games") as progress:
        while not over.all():
            if not over[0] and len(film) < FILMED:
                film.append(games.frames[0].copy())
                earned.append(points[0])
            if int(steps.max()) % EVERY == 0:
                going = np.flatnonzero(~over[:SHOWN])
                frames.append(games.frames[going].copy())
                codes.append(games.codes[torch.from_numpy(going)])
            rewards, ended = games.step(choose(games.codes))
            points += np.where(over, 0, rewards)
            steps += ~over
            finished = ended & ~over
            over |= ended
            if finished.any():
                told = f"{points[over].mean():.1f} points in {over.sum()} games"
                progress.advance(int(finished.sum()), told)
    filmed = np.stack(film), np.array(earned)
    return Score(points, steps, *filmed, np.concatenate(frames), torch.cat(codes))


def at_random(actions: int, seed: int) -> Choose:
    """Choose any of so many actions, as likely as others."""
    rng = torch.Generator().manual_seed(seeding.derive(seed, "transfer", "random"))
    return lambda codes: torch.randint(actions, (len(codes),), generator=rng)
