"""film.h5: successive frames in every world, and what it decodes from the original's latents."""

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

KIND = "film"


@dataclass(frozen=True)
class Film:
    """One model's film.

    Attributes:
        worlds: names, the original first.
        truth: (worlds, frames, 512) uint8, packed: what each world really shows.
        decoded: (worlds, frames, 4096) uint8: probability x 255, from the original's latents.
    """

    worlds: list[str]
    truth: NDArray[np.uint8]
    decoded: NDArray[np.uint8]


def write_films(path: Path, films: Mapping[str, Film]) -> None:
    """Write film.h5: a group per model."""
    with creating_h5(path, KIND, {}) as file:
        for name, film in films.items():
            group = file.create_group(name)
            group.attrs["worlds"] = json.dumps(film.worlds)
            group.attrs["source"] = ORIGINAL
            for key, value in (("truth", film.truth), ("decoded", film.decoded)):
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
    if not films or not all(film.truth.shape[1] for film in films.values()):
        raise ArtefactError(f"{path}: expected frames, found none")
    return films


def _read(file: h5py.File, model: str) -> Film:
    worlds = _worlds(file, model)
    truth = read_array(file, f"{model}/truth", np.uint8, (len(worlds), None, FRAME_BYTES))
    shape = (len(worlds), truth.shape[1], SIDE * SIDE)
    return Film(worlds, truth, read_array(file, f"{model}/decoded", np.uint8, shape))


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
