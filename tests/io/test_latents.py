"""latents.h5: what was written is read, and anything else is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ("name", "indices"),
    [
        ("frames", [10, 10, 12]),
        ("frames", [10, 12, 11]),
        ("frames", [-1, 10, 11]),
        ("frames", [10, 11, -(2**63)]),
        ("dimensions", [5, 0, 5]),
        ("dimensions", [5, 0, -1]),
    ],
)
def test_indices_that_are_not_distinct_or_ascend_from_0_are_refused(
    tmp_path: Path, name: str, indices: list[int]
) -> None:
    """Values would be learned for other frames than those that they were deciphered of."""
    whole = Latents(np.arange(3), np.ones((3, 3), np.float32), np.arange(3))
    save(tmp_path / "latents.h5", replace(whole, **{name: np.array(indices)}))
    with pytest.raises(MwmError, match=f"{name}: expected distinct indices"):
        load(tmp_path / "latents.h5", FRAMES, LATENT)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_refused(
    tmp_path: Path, latents: Latents, odd: float
) -> None:
    latents.values[3, 1] = odd
    save(tmp_path / "latents.h5", latents)
    with pytest.raises(MwmError, match="values: expected finite numbers"):
        load(tmp_path / "latents.h5", FRAMES, LATENT)


def test_damage_is_told(tmp_path: Path, latents: Latents) -> None:
    path = tmp_path / "latents.h5"
    save(path, latents)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(MwmError, match="expected a complete HDF5 file"):
        load(path, FRAMES, LATENT)
