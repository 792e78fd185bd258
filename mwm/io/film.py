"""film.h5: successive frames of play, and what every world decodes of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mwm.io.hdf5 import creating_h5
from mwm.settings.base import ORIGINAL


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
    """Write eval/film.h5: a group per model."""
    with creating_h5(path, "film", {}) as file:
        for name, film in films.items():
            group = file.create_group(name)
            group.attrs["worlds"] = json.dumps(film.worlds)
            group.attrs["source"] = ORIGINAL
            for key, value in (("truth", film.truth), ("decoded", film.decoded)):
                group.create_dataset(
                    key, data=value, chunks=(1, *value.shape[1:]), compression="gzip"
                )
