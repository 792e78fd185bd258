"""Checkpoints of finished episodes: an interrupted collection plays only the missing ones."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict

import numpy as np

from mwm.io import checkpoints
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.play import Episode, Recipe, play
from mwm.rollouts.workers import play_all


def play_missing(
    recipe: Recipe, episodes: Sequence[int], workers: int, shelf: checkpoints.Shelf
) -> Generator[Episode, None, None]:
    """These episodes in order: from `shelf`, or else played and then saved there.

    Each episode has a file, identified by all that it depends on, so that a collection can grow.

    Raises:
        MwmError: a worker failed or died.
    """
    key = checkpoints.fingerprint(asdict(recipe))
    here = checkpoints.place(shelf, "collect", key)
    kept = {path.stem for path in here.iterdir()}
    missing = [index for index in episodes if f"{index:06d}" not in kept]
    with closing(play_all(recipe, missing, workers)) as played:
        for index in episodes:
            path = here / f"{index:06d}.safetensors"
            if path.stem not in kept:
                episode = next(played)
            elif found := checkpoints.load(path, key):
                yield _unpacked(found[0])
                continue
            else:
                episode = play(Emulator(recipe.game), recipe, index)
            checkpoints.save(path, key, _packed(episode), None)
            yield episode


def _packed(episode: Episode) -> checkpoints.Arrays:
    return {
        "chunks": np.frombuffer(b"".join(episode.chunks), np.uint8),
        "ends": np.cumsum([len(chunk) for chunk in episode.chunks]),
        "chunk_shape": np.array(episode.chunk_shape),
        "actions": episode.actions,
        "rewards": episode.rewards,
    }


def _unpacked(arrays: checkpoints.Arrays) -> Episode:
    chunks = [part.tobytes() for part in np.split(arrays["chunks"], arrays["ends"][:-1])]
    shape = tuple(arrays["chunk_shape"].tolist())
    return Episode(chunks, shape, arrays["actions"], arrays["rewards"])
