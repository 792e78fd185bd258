"""Play a world with a player that now and then acts at random, and keep all that happened."""

from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mwm import seeding
from mwm.control.games import Games, environments
from mwm.control.look import Look, Mask
from mwm.control.player import Player
from mwm.io.frames import Frames
from mwm.io.progress import Monitor, silent
from mwm.library.model import TrainedModel
from mwm.models.model import MetaWorldModel

SHARES = (0.05, 0.5)  # of choices that are random: in the first episode, and in the last

# The episodes that go on, and of each its frame and the action taken after it.
_Step = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class Plays:
    """What happened in episodes that were played.

    Attributes:
        frames: (n, 512) uint8, packed, as the original has them, episode after episode.
        actions: (n,) uint8, taken after each frame.
        lengths: (episodes,) int64, frames of each episode.
        points: (episodes,) float64, its rewards, added up.
    """

    frames: NDArray[np.uint8]
    actions: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    points: NDArray[np.float64]


def practise(
    player: Player,
    model: MetaWorldModel,
    content: Frames,
    episodes: int,
    seed: int,
    mask: Mask | None = None,
    workers: int | None = None,
    monitor: Monitor = silent,
) -> Plays:
    """Play episodes in a world, all at once, each until its end or as long as the world's are.

    A share of the choices is random, and rises from one episode to the next, so that V sees what a
    good player sees and what follows its mistakes. Actions are not sticky: those kept were taken.

    Args:
        player: its policy chooses by the likeliest action.
        model: V of that world, and the player's M.
        content: the world's frames, which tell how it shows the game, and how it was played.
        episodes: how many.
        seed: of all chance; worlds differ in it too, so that no episode is played in two of them.
        mask: changes what the player sees, as when it learned; frames are kept as they are.
        workers: processes; the plays do not depend on them. None: one for each core.
        monitor: receives progress.

    Raises:
        MwmError: a worker failed or died.
    """
    world = str(content.attributes["world"])
    limit = int(content.attributes["max_steps"])
    rng = seeding.generator(seed, "practice", world)
    shares = np.linspace(*SHARES, episodes)
    setup = player.about.setup | {"repeat_action_probability": 0.0, "max_episode_steps": limit}
    points, over = np.zeros(episodes), np.zeros(episodes, np.bool_)
    steps: list[_Step] = []

    def seeds(place: int, number: int) -> int:
        return seeding.derive(seed, "practice", world, place, number)

    with (
        closing(environments(setup, episodes, workers)) as envs,
        monitor(f"practise {world}", episodes * limit, "steps") as progress,
    ):
        games = Games(envs, TrainedModel(model), Look(world, content.show, mask), seeds)
        while not over.all():
            at_random = rng.random(episodes) < shares
            choices = rng.integers(player.about.actions, size=episodes)
            actions = np.where(at_random, choices, player.policy.best(games.codes).numpy())
            going = np.flatnonzero(~over)
            steps.append((going, games.frames[going], actions[going].astype(np.uint8)))
            rewards, ended = games.step(torch.from_numpy(actions))
            points += np.where(over, 0, rewards)
            over |= ended
            progress.advance(len(going), f"{points.mean():.1f} points a game")
    return _by_episode(steps, points)


def _by_episode(steps: list[_Step], points: NDArray[np.float64]) -> Plays:
    """What happened, one episode after another instead of all at once."""
    places, frames, actions = (np.concatenate(part) for part in zip(*steps, strict=True))
    order = np.argsort(places, kind="stable")
    lengths = np.bincount(places, minlength=len(points))
    return Plays(frames[order], actions[order], lengths, points)
