"""latents.h5: what was written is read, and anything else is refused."""

from pathlib import Path

import numpy as np
import pytest
from forgery import changing_h5

from mwm import MwmError
from mwm.io.latents import Latents, load, save

FRAMES, LATENT = 50, 8


@pytest.fixture
def latents() -> Latents:
    values = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    return Latents(np.arange(10, 30), values, np.array([5, 0, 2]))


def test_what_is_written_is_read_and_the_bytes_are_the_same(
    tmp_path: Path, latents: Latents
) -> None:
    for name in ("one.h5", "two.h5"):
        save(tmp_path / name, latents)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
    again = load(tmp_path / "one.h5", FRAMES, LATENT)
    assert np.array_equal(again.frames, latents.frames)
    assert np.array_equal(again.values, latents.values)
    assert np.array_equal(again.dimensions, latents.dimensions)


@pytest.mark.parametrize(
    ("frames", "latent", "said"),
    [
        (29, LATENT, r"frames: expected distinct indices in 0\.\.28"),
        (FRAMES, 5, r"dimensions: expected distinct indices in 0\.\.4"),
    ],
)
def test_those_of_another_world_or_latent_are_refused(
    tmp_path: Path, latents: Latents, frames: int, latent: int, said: str
) -> None:
    save(tmp_path / "latents.h5", latents)
    with pytest.raises(MwmError, match=said):
        load(tmp_path / "latents.h5", frames, latent)


def test_damage_is_told(tmp_path: Path, latents: Latents) -> None:
    path = tmp_path / "latents.h5"
    save(path, latents)
    with changing_h5(path) as file:
        file["values"][3, 1] = np.nan
    with pytest.raises(MwmError, match="values: expected finite numbers"):
        load(path, FRAMES, LATENT)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(MwmError, match="expected a complete HDF5 file"):
        load(path, FRAMES, LATENT)
