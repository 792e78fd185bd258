"""latents.h5: the original's latents, as deciphered for frames of another world."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mwm import ArtefactError
from mwm.io.hdf5 import creating_h5, read_array, reading_h5

KIND = "deciphered latents"


@dataclass(frozen=True)
class Latents:
    """Estimates of the original's latents for frames of another world.

    Attributes:
        frames: (n,) int64, ascending: indices of those frames in the other world's file.
        values: (n, d) float32, of the original's informative dimensions.
        dimensions: (d,) int64, indices of those dimensions.
    """

    frames: NDArray[np.int64]
    values: NDArray[np.float32]
    dimensions: NDArray[np.int64]


def save(path: Path | str, latents: Latents) -> None:
    """Write latents.h5; the same latents give the same bytes."""
    with creating_h5(path, KIND, {}) as file:
        file.create_dataset("frames", data=latents.frames)
        file.create_dataset("values", data=latents.values)
        file.create_dataset("dimensions", data=latents.dimensions)


def load(path: Path | str, frames: int, size: int) -> Latents:
    """Read latents.h5.

    Args:
        path: the file.
        frames: number of frames of the other world.
        size: dimensions of a latent.

    Raises:
        MwmError: missing, damaged, or of other frames or another latent.
    """
    with reading_h5(path, KIND) as file:
        values = read_array(file, "values", np.float32, (None, None))
        latents = Latents(
            frames=read_array(file, "frames", np.int64, (len(values),)),
            values=values,
            dimensions=read_array(file, "dimensions", np.int64, (values.shape[1],)),
        )
    for name, found, end in (
        ("frames", latents.frames, frames),
        ("dimensions", np.sort(latents.dimensions), size),
    ):
        bounded = np.concatenate(([-1], found, [end]))  # no difference, which may overflow
        if np.any(bounded[1:] <= bounded[:-1]):
            raise ArtefactError(
                f"{path}: {name}: expected distinct indices in 0..{end - 1}, found others"
            )
    if not np.isfinite(values).all():
        raise ArtefactError(f"{path}: values: expected finite numbers, found NaN or infinity")
    return latents
