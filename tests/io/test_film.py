"""film.h5: read as it was written, and refused where it is not what it should be."""

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mwm import MwmError
from mwm.io.film import Film, Game, read_films, read_game, write_films, write_game
from mwm.io.hdf5 import creating_h5


def _film(frames: int = 9, steps: int = 4) -> Film:
    random = np.random.default_rng(0)

    def pictures(count: int, size: int) -> NDArray[np.uint8]:
        return random.integers(0, 256, (2, count, size), np.uint8)

    return Film(
        ["original", "mirror"],
        pictures(frames, 512),
        pictures(frames, 4096),
        random.integers(0, 2, frames, np.uint8),
        pictures(steps, 512),
        pictures(steps, 4096),
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


@pytest.mark.parametrize("name", ["decoded", "hits", "dream"])
def test_what_goes_with_other_frames_is_refused(tmp_path, name):
    """A figure would show a hit, or a picture, beside the truth of another moment."""
    write_films(tmp_path / "film.h5", {"a": replace(_film(), **{name: getattr(_film(8, 3), name)})})
    with pytest.raises(MwmError, match=rf"'a/{name}': expected uint8 \(.*\), found uint8 \("):
        read_films(tmp_path / "film.h5", ["a"])


def test_a_film_without_dreams_is_refused(tmp_path):
    film = _film()
    undreamt = replace(film, dream_truth=film.dream_truth[:, :0], dream=film.dream[:, :0])
    with creating_h5(tmp_path / "film.h5", "film", {}) as file:
        file.create_group("a").attrs["worlds"] = '["original", "mirror"]'
        for each in fields(undreamt)[1:]:
            file[f"a/{each.name}"] = getattr(undreamt, each.name)
    with pytest.raises(MwmError, match=r"film.h5: expected frames, found none"):
        read_films(tmp_path / "film.h5", ["a"])


def test_a_game_is_read_as_it_was_written(tmp_path):
    random = np.random.default_rng(0)
    frames, points = random.integers(0, 256, (9, 512), np.uint8), random.normal(size=9)
    write_game(tmp_path / "game.h5", Game("mirror", frames, points))
    found = read_game(tmp_path / "game.h5")
    assert found.world == "mirror"
    assert np.array_equal(found.frames, frames)
    assert np.array_equal(found.points, points)
    write_game(tmp_path / "game.h5", Game("mirror", frames, points[:-1]))
    with pytest.raises(MwmError, match=r"'points': expected float64 \(9\), found float64 \(8\)"):
        read_game(tmp_path / "game.h5")


@pytest.mark.parametrize("worlds", ["[]", "{", '["mirror"]', '["original", 3]'])
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
