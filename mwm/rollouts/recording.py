"""Write rollouts.h5: screens, actions and rewards of all episodes, and how they were played."""

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mwm import UsageError
from mwm.io.checkpoints import Shelf
from mwm.io.frames import SIDE
from mwm.io.hdf5 import creating_h5
from mwm.io.progress import Monitor, Progress, silent
from mwm.rollouts import games
from mwm.rollouts.aside import play_missing
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.play import GZIP_LEVEL, Episode, Recipe
from mwm.rollouts.workers import play_all
from mwm.settings.collect import Collect


def collect(
    settings: Collect,
    path: Path | str,
    workers: int,
    shelf: Shelf | None = None,
    monitor: Monitor = silent,
) -> None:
    """Play the game with the random policy and write all episodes to `path`.

    The same settings give the same bytes, whatever the number of workers, and interrupted or not.

    Args:
        settings: how to play.
        path: file to write.
        workers: processes.
        shelf: where finished episodes are kept as checkpoints; None: nowhere.
        monitor: receives progress.

    Raises:
        UsageError: the game is unknown, or its entry in the table does not fit its screen.
        MwmError: `path` cannot be written, or a worker failed.
        KeyboardInterrupt: says whether finished episodes are kept.
    """
    game = games.find(settings.game)
    emulator = Emulator(settings.game)
    recipe = recipe_for(settings, game, emulator.shape)
    attributes = _attributes(settings, game, recipe, emulator.action_names)
    count = settings.episodes
    played = (
        play_missing(recipe, range(count), workers, shelf)
        if shelf
        else play_all(recipe, range(count), workers)
    )
    try:
        with (
            creating_h5(path, "rollouts", attributes) as file,
            closing(played) as episodes,
            monitor("collect", count * settings.max_steps, "frames") as progress,
        ):
            _write(file, episodes, count, progress)
    except KeyboardInterrupt as interrupt:
        kept = "finished episodes are kept" if shelf else ""
        raise type(interrupt)(kept) from None


def collect_part(
    settings: Collect,
    episodes: Sequence[int],
    workers: int,
    shelf: Shelf,
    monitor: Monitor = silent,
) -> None:
    """Play some of the episodes, perhaps while others play others, and keep them on `shelf`.

    `collect` with the same settings and shelf then writes them without playing them again.

    Raises:
        UsageError, MwmError: as `collect` does.
    """
    shape = Emulator(settings.game).shape
    recipe = recipe_for(settings, games.find(settings.game), shape)
    together = replace(shelf, claim=lambda folder: None)
    played = play_missing(recipe, episodes, workers, together)
    with closing(played), monitor("collect", len(episodes), "episodes") as progress:
        for _ in played:
            progress.advance()


def recipe_for(settings: Collect, game: games.Game, screen: tuple[int, int]) -> Recipe:
    """How to play `game`, whose screen has the size `screen` (height, width).

    Raises:
        UsageError: the game's field is not within the screen, or too small for a frame.
    """
    fields = {"rows": (game.rows, screen[0]), "columns": (game.columns, screen[1])}
    for axis, (span, length) in fields.items():
        if span and (span[1] > length or span[1] - span[0] < SIDE):
            raise UsageError(
                f"{games.TABLE}: {settings.game}: {axis}: expected at least {SIDE} pixels "
                f"within 0..{length}, found {span}"
            )
    (top, bottom), (left, right) = (span or (0, length) for span, length in fields.values())
    played = settings.model_dump(exclude={"episodes"})
    return Recipe(rows=(top, bottom), columns=(left, right), **played)


def _attributes(
    settings: Collect, game: games.Game, recipe: Recipe, action_names: list[str]
) -> dict[str, Any]:
    """The attributes of the file: how to replay episodes, and where objects are on the screen."""
    return {
        **settings.model_dump(exclude={"episodes"}),
        "policy": "random",
        "action_names": json.dumps(action_names),
        "field": json.dumps({"rows": recipe.rows, "columns": recipe.columns}),
        "background": json.dumps(game.background),
        "objects": json.dumps(game.objects),
        "emulator_repeat_action_probability": 0.0,
        "ale_py": version("ale-py"),
        "gymnasium": version("gymnasium"),
    }


def _write(file: h5py.File, episodes: Iterable[Episode], count: int, progress: Progress) -> None:
    screens = file.create_group("screens")
    actions, rewards, offsets = [], [], [0]
    for index, episode in enumerate(episodes):
        _write_screens(screens, f"{index:06d}", episode)
        actions.append(episode.actions)
        rewards.append(episode.rewards)
        offsets.append(offsets[-1] + len(episode.actions))
        file.flush()  # a full disk ends the run now, not after the last episode
        progress.total = offsets[-1] * count // (index + 1)
        progress.advance(len(episode.actions), note=f"{index + 1} of {count} episodes")
    file.create_dataset("actions", data=np.concatenate(actions))
    file.create_dataset("rewards", data=np.concatenate(rewards))
    file.create_dataset("episode_offsets", data=np.array(offsets, np.int64))


def _write_screens(group: h5py.Group, name: str, episode: Episode) -> None:
    dataset = group.create_dataset(
        name,
        shape=(len(episode.actions), *episode.chunk_shape[1:]),
        dtype=np.uint8,
        chunks=episode.chunk_shape,
        compression="gzip",
        compression_opts=GZIP_LEVEL,
    )
    for number, chunk in enumerate(episode.chunks):
        dataset.id.write_direct_chunk((number * episode.chunk_shape[0], 0, 0), chunk)
