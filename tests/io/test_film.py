"""film.h5: read as it was written, and refused where it is not what it should be."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mwm import MwmError
from mwm.io.film import Film, read_films, write_films
from mwm.io.hdf5 import creating_h5


def _film(frames: int = 9) -> Film:
    random = np.random.default_rng(0)

    def pictures(count: int, size: int) -> NDArray[np.uint8]:
        return random.integers(0, 256, (2, count, size), np.uint8)

    return Film(
        ["original", "mirror"],
        pictures(frames, 512),
        pictures(frames, 4096),
        random.integers(0, 2, frames, np.uint8),
        pictures(4, 512),
        pictures(4, 4096),
    )


def test_films_are_read_as_they_were_written(tmp_path):
    film = _film()
    write_films(tmp_path / "film.h5", {"one": film, "other": film})
    found = read_films(tmp_path / "film.h5", ["other"])
    assert list(found) == ["other"]
    assert found["other"].worlds == film.worlds
    for name in ("truth", "decoded", "hits", "dream_truth", "dream"):
        assert np.array_equal(getattr(found["other"], name), getattr(film, name)), name


def test_a_film_without_the_model_or_without_frames_is_refused(tmp_path):
    path = tmp_path / "film.h5"
    write_films(path, {"anchored": _film()})
    with pytest.raises(MwmError, match=r"expected a group 'mirror', found \['anchored'\]"):
        read_films(path, ["mirror"])
    with creating_h5(path, "film", {}) as file:
        file.create_group("anchored").attrs["worlds"] = '["original"]'
        file["anchored/truth"] = np.zeros((1, 0, 512), np.uint8)
        file["anchored/decoded"] = np.zeros((1, 0, 4096), np.uint8)
        file["anchored/hits"] = np.zeros(0, np.uint8)
        file["anchored/dream_truth"] = np.zeros((1, 2, 512), np.uint8)
        file["anchored/dream"] = np.zeros((1, 2, 4096), np.uint8)
    with pytest.raises(MwmError, match=r"film.h5: expected frames, found none"):
        read_films(path, ["anchored"])


@pytest.mark.parametrize("worlds", ["[]", "{", '["mirror"]'])
def test_worlds_are_a_list_that_starts_with_the_original(tmp_path, worlds):
    with creating_h5(tmp_path / "film.h5", "film", {}) as file:
        file.create_group("anchored").attrs["worlds"] = worlds
    told = "worlds: expected a list of names that starts with original"
    with pytest.raises(MwmError, match=told):
        read_films(tmp_path / "film.h5", ["anchored"])


def test_a_dataset_of_another_shape_is_refused(tmp_path):
    with creating_h5(tmp_path / "film.h5", "film", {}) as file:
        file.create_group("anchored").attrs["worlds"] = '["original", "mirror"]'
        file["anchored/truth"] = np.zeros((1, 9, 512), np.uint8)
    with pytest.raises(MwmError, match=r"'anchored/truth': expected uint8 \(2, n, 512\), found"):
        read_films(tmp_path / "film.h5", ["anchored"])
