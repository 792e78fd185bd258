"""One play for the pictures: films of several models, and the frames that are chosen."""

import numpy as np
import pytest
from reports import THREE

from mwm import UsageError
from mwm.io.film import read_films
from mwm.reporting.figures.play import dream_of, play_of


@pytest.fixture
def play(evaluated):
    """A model of three worlds, 40 frames."""
    return play_of([*read_films(evaluated(THREE) / "film.h5", ["anchored"]).values()])


def test_frames_are_unpacked_by_world(play, contents):
    assert list(play.truth) == ["original", "vswap", "mirror"]
    shown = np.unpackbits(contents["mirror"].frames[20:60], axis=1).reshape(-1, 64, 64)
    assert np.array_equal(play.truth["mirror"], shown * 255)
    assert play.decoded["mirror"].shape == (40, 64, 64)
    assert len(play) == 40


def test_films_of_a_model_per_pair_are_one_play(evaluated):
    folder = evaluated({"vswap": ["original", "vswap"], "mirror": ["original", "mirror"]})
    films = [*read_films(folder / "film.h5", ["vswap", "mirror"]).values()]
    for play in (play_of(films), dream_of(films)):
        assert list(play.decoded) == ["original", "vswap", "mirror"]


def test_the_fullest_frame_shows_all_objects(play):
    on = (play.truth["original"] > 0).sum(axis=(1, 2))
    assert on[play.fullest()] == on.max()
    assert on.max() > on.min()


def test_a_strip_beyond_the_film_is_the_users_mistake(play, defaults):
    boxes = {"all": [0, 0, 64, 64]}
    fits = defaults.report.model_copy(
        update={"strip_start": 25, "strip_frames": 8, "strip_every": 2}
    )
    assert play.strip(fits, boxes) == [25, 27, 29, 31, 33, 35, 37, 39]
    with pytest.raises(
        UsageError, match=r"within the film's 40 frames, found its last frame at 40;"
    ):
        play.strip(fits.model_copy(update={"strip_start": 26}), boxes)


def test_without_a_start_the_strip_is_chosen_within_the_film(play, defaults):
    settings = defaults.report.model_copy(update={"strip_frames": 8, "strip_every": 2})
    chosen = play.strip(settings, {"all": [0, 0, 64, 64]})
    assert np.diff(chosen).tolist() == [2] * 7
    assert 0 <= chosen[0] <= chosen[-1] < 40
    long = settings.model_copy(update={"strip_every": 6})
    with pytest.raises(UsageError, match="found its last frame at 42"):
        play.strip(long, {})
