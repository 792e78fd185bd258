"""frames.h5 from real play: the ball is never lost, objects are where the table says."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from forgery import changing_h5
from numpy.typing import NDArray

from mwm.frames import background
from mwm.frames.background import find_background, most_frequent
from mwm.frames.preprocessing import preprocess
from mwm.io.frames import Frames, read_frames
from mwm.io.rollouts import opening
from mwm.rollouts.recording import collect
from mwm.settings.params import Params

BACKGROUND, BALL, OPPONENT, AGENT = 34, 14, 56, 200


@pytest.fixture(scope="module")
def screens(worlds: Path) -> NDArray[np.uint8]:
    """(900, 160, 160) palette values of Pong's field."""
    with h5py.File(worlds / "rollouts.h5") as file:
        return np.concatenate([episode[...] for episode in file["screens"].values()])


@pytest.fixture(scope="module")
def frames(worlds: Path) -> Frames:
    return read_frames(worlds / "frames.h5")


@pytest.fixture(scope="module")
def pictures(frames: Frames) -> NDArray[np.bool_]:
    """(900, 64, 64)."""
    return np.unpackbits(frames.frames, axis=1).reshape(-1, 64, 64).astype(bool)


def _centres(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, 2) mean row and column of the pixels that are on, in shares of the height and width."""
    counts = masks.sum((1, 2))
    size = np.array(masks.shape[1:])
    sums = [(masks.sum(2 - axis) @ (np.arange(size[axis]) + 0.5)) for axis in (0, 1)]
    return np.stack(sums, 1) / counts[:, None] / size


def test_the_ball_is_never_lost(
    screens: NDArray[np.uint8], pictures: NDArray[np.bool_], frames: Frames
) -> None:
    """Between the bats there is nothing but the ball, in the screens as in the frames."""
    _, left, _, right = json.loads(frames.attributes["objects"])["ball"]
    source = slice(left * 5 // 2, -(-right * 5 // 2))  # what the ball's columns are pooled from
    between = screens[:, :, source]
    assert set(np.unique(between).tolist()) == {BACKGROUND, BALL}
    visible = (between == BALL).any((1, 2))
    assert 0.3 < visible.mean() < 0.7
    assert np.array_equal(pictures[:, :, left:right].any((1, 2)), visible)
    found = _centres(pictures[visible][:, :, left:right]) * (64, right - left)
    there = _centres(between[visible] == BALL) * (64, between.shape[2] / 2.5)
    assert np.abs(found - there).max() < 1


@pytest.mark.parametrize(("name", "colour"), [("opponent", OPPONENT), ("agent", AGENT)])
def test_each_bat_stays_in_its_box_alone(
    screens: NDArray[np.uint8],
    pictures: NDArray[np.bool_],
    frames: Frames,
    name: str,
    colour: int,
) -> None:
    top, left, bottom, right = json.loads(frames.attributes["objects"])[name]
    bat = screens == colour
    columns = np.flatnonzero(bat.any((0, 1)))
    assert columns.min() >= left * 2.5
    assert columns.max() < right * 2.5
    assert (top, bottom) == (0, 64)
    box = pictures[:, :, left:right].any((1, 2))
    assert box[bat.any((1, 2))].all()


def test_frames_are_the_screens_that_differ_from_the_background(
    screens: NDArray[np.uint8], pictures: NDArray[np.bool_]
) -> None:
    for screen, picture in zip(screens[::90], pictures[::90], strict=True):
        for i in range(64):
            for j in range(64):
                window = screen[
                    i * 5 // 2 : -(-(i + 1) * 5 // 2), j * 5 // 2 : -(-(j + 1) * 5 // 2)
                ]
                assert picture[i, j] == (window != BACKGROUND).any()


def test_the_file_is_the_original_world(worlds: Path, frames: Frames) -> None:
    with h5py.File(worlds / "rollouts.h5") as file:
        assert np.array_equal(frames.actions, file["actions"][...])
        assert np.array_equal(frames.episode_offsets, file["episode_offsets"][...])
        played = {name: value for name, value in file.attrs.items() if name != "kind"}
    shares = {"validation": 0.1, "test": 0.1}
    assert dict(frames.attributes) == played | shares | {"world": "original"}
    assert np.array_equal(frames.pixel_map, np.arange(4096))
    assert not frames.inverted.any()
    assert frames.split.tolist() == [0, 0, 0, 0, 1, 2]


def test_the_same_rollouts_give_the_same_bytes(
    tmp_path: Path, worlds: Path, defaults: Params
) -> None:
    preprocess(defaults.preprocess, worlds / "rollouts.h5", tmp_path / "frames.h5")
    assert (tmp_path / "frames.h5").read_bytes() == (worlds / "frames.h5").read_bytes()


def test_pong_would_be_seen_the_same_if_it_were_not_listed(
    rollouts: Path, tmp_path: Path, frames: Frames, defaults: Params
) -> None:
    with changing_h5(rollouts) as file:
        file.attrs["background"] = "null"
    with opening(rollouts) as opened:
        assert (find_background(opened, np.arange(4)) == BACKGROUND).all()
    preprocess(defaults.preprocess, rollouts, tmp_path / "frames.h5")
    assert np.array_equal(read_frames(tmp_path / "frames.h5").frames, frames.frames)


def test_the_background_is_what_the_training_episodes_show(
    rollouts: Path, tmp_path: Path, frames: Frames, defaults: Params
) -> None:
    """Were those held out asked, which are most, their grey would be the background."""
    with changing_h5(rollouts) as file:
        file.attrs["background"] = "null"
        for episode in range(2, 6):
            screens = file[f"screens/{episode:06d}"]
            screens[...] = np.full(screens.shape, 99, np.uint8)
    with opening(rollouts) as opened:
        assert (find_background(opened, np.arange(6)) == 99).all()
    settings = defaults.preprocess.model_copy(update={"validation": 0.3, "test": 0.3})
    preprocess(settings, rollouts, tmp_path / "frames.h5")
    found = read_frames(tmp_path / "frames.h5").frames
    assert np.array_equal(found[:300], frames.frames[:300])
    assert (found[300:] == 255).all()


def test_the_background_is_of_screens_that_are_spread_evenly_over_those_episodes(
    rollouts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four screens of four episodes are the first of each."""
    monkeypatch.setattr(background, "SAMPLES", 4)
    with changing_h5(rollouts) as file:
        for episode in range(2, 6):
            file[f"screens/{episode:06d}"][0] = 99
    with opening(rollouts) as opened:
        assert (find_background(opened, np.arange(2, 6)) == 99).all()


def test_of_two_values_as_frequent_the_lower_one_is_the_background() -> None:
    screens = np.array([[[7, 7, 0]], [[3, 9, 0]], [[7, 9, 5]], [[3, 7, 5]]], np.uint8)
    assert most_frequent(screens).tolist() == [[3, 7, 0]]


@pytest.mark.parametrize("game", ["ALE/Breakout-v5", "ALE/Carnival-v5"])
def test_an_unlisted_game_goes_all_the_way(tmp_path: Path, defaults: Params, game: str) -> None:
    """Breakout's screen is 210 x 160; Carnival's 214 x 160."""
    settings = defaults.collect.model_copy(update={"game": game, "episodes": 3, "max_steps": 200})
    collect(settings, tmp_path / "rollouts.h5", 2)
    preprocess(defaults.preprocess, tmp_path / "rollouts.h5", tmp_path / "frames.h5")
    content = read_frames(tmp_path / "frames.h5")
    on = np.unpackbits(content.frames[content.episode_offsets[2] :], axis=1)
    assert 0 < on.mean() < 0.2
    assert len(np.unique(on, axis=0)) > 50
    assert json.loads(content.attributes["objects"]) == {}
