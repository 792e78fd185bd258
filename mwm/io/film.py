"""film.h5: successive frames in every world, what its V decodes, and what M dreams there.

And game.h5: what a player saw of a game that it played.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from mwm import ArtefactError
from mwm.io.frames import FRAME_BYTES, SIDE
from mwm.io.hdf5 import check_attribute, creating_h5, read_array, read_attributes, reading_h5
from mwm.settings.base import ORIGINAL

KIND, GAME = "film", "game"


@dataclass(frozen=True)
class Film:
    """One model's film.

    Attributes:
        worlds: names, the original first.
        truth: (worlds, frames, 512) uint8, packed: what each world really shows.
        decoded: (worlds, frames, 4096) uint8: probability x 255, from the original's latents.
        hits: (frames,) uint8: 1 where the agent hits, else 0.
        dream_truth: (worlds, steps, 512) uint8, packed: what followed the frames that M saw.
        dream: (worlds, steps, 4096) uint8: probability x 255, as each world dreams it.
    """

    worlds: list[str]
    truth: NDArray[np.uint8]
    decoded: NDArray[np.uint8]
    hits: NDArray[np.uint8]
    dream_truth: NDArray[np.uint8]
    dream: NDArray[np.uint8]


PICTURES = ("truth", "decoded", "dream_truth", "dream")


def write_films(path: Path, films: Mapping[str, Film]) -> None:
    """Write film.h5: a group per model."""
    with creating_h5(path, KIND, {}) as file:
        for name, film in films.items():
            group = file.create_group(name)
            group.attrs["worlds"] = json.dumps(film.worlds)
            group.attrs["source"] = ORIGINAL
            group.create_dataset("hits", data=film.hits)
            for key in PICTURES:
                value = getattr(film, key)
                group.create_dataset(
                    key, data=value, chunks=(1, *value.shape[1:]), compression="gzip"
                )


def read_films(path: Path | str, models: Sequence[str]) -> dict[str, Film]:
    """Read the films of `models`, each with one frame at least.

    Raises:
        MwmError: missing, damaged, foreign, without a model, or with a dataset of another shape.
    """
    with reading_h5(path, KIND) as file:
        films = {model: _read(file, model) for model in models}
    if not films or not all(f.truth.shape[1] and f.dream.shape[1] for f in films.values()):
        raise ArtefactError(f"{path}: expected frames, found none")
    return films


def _read(file: h5py.File, model: str) -> Film:
    worlds = _worlds(file, model)

    def read(name: str, *shape: int | None) -> NDArray[np.uint8]:
        return read_array(file, f"{model}/{name}", np.uint8, shape)

    count = len(worlds)
    truth = read("truth", count, None, FRAME_BYTES)
    followed = read("dream_truth", count, None, FRAME_BYTES)
    return Film(
        worlds,
        truth,
        read("decoded", count, truth.shape[1], SIDE * SIDE),
        read("hits", truth.shape[1]),
        followed,
        read("dream", count, followed.shape[1], SIDE * SIDE),
    )


def _worlds(file: h5py.File, model: str) -> list[str]:
    """The worlds of a model's group, the original first."""
    found = read_attributes(file, model)
    check_attribute(
        f"{file.filename}: {model}",
        found,
        "worlds",
        f"a list of names that starts with {ORIGINAL}",
        lambda x: isinstance(x, list) and x[:1] == [ORIGINAL] and {*map(type, x)} == {str},
    )
    worlds: list[str] = json.loads(found["worlds"])
    return worlds


@dataclass(frozen=True)
class Game:
    """How a game that a player played began.

    Attributes:
        world: in which the player saw it.
        frames: (n, 512) uint8, packed, one after another, as that world shows them.
        points: (n,) float64: the rewards until each frame, added up.
    """

    world: str
    frames: NDArray[np.uint8]
    points: NDArray[np.float64]


def write_game(path: Path, game: Game) -> None:
    """Write game.h5."""
    with creating_h5(path, GAME, {"world": game.world}) as file:
        file.create_dataset("frames", data=game.frames, compression="gzip")
        file.create_dataset("points", data=game.points)


def read_game(path: Path) -> Game:
    """Read game.h5.

    Raises:
        MwmError: missing, damaged or of another kind.
    """
    with reading_h5(path, GAME) as file:
        frames = read_array(file, "frames", np.uint8, (None, FRAME_BYTES))
        points = read_array(file, "points", np.float64, (len(frames),))
        return Game(str(read_attributes(file)["world"]), frames, points)
