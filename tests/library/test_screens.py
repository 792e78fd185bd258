"""Screens of the emulator to frames: the bytes that the pipeline makes of them."""

import json

import numpy as np
import pytest
import torch

import mwm
from mwm.frames.background import most_frequent
from mwm.frames.pooling import any_pool
from mwm.io.rollouts import opening
from mwm.rollouts.emulator import Emulator

PONG, BREAKOUT = "ALE/Pong-v5", "ALE/Breakout-v5"
STEPS = 100


def played(game: str, actions: list[int], frame_skip: int = 4) -> dict[str, np.ndarray]:
    """Real screens before each action, in all three kinds of colours."""
    emulator, screens = Emulator(game), {"palette": [], "rgb": [], "grayscale": []}
    emulator.reset()
    for action in actions:
        rgb, gray = emulator.pictures()
        for kind, screen in (("palette", emulator.screen()), ("rgb", rgb), ("grayscale", gray)):
            screens[kind].append(screen.copy())
        emulator.act(action, frame_skip)
    return {kind: np.stack(shown) for kind, shown in screens.items()}


@pytest.fixture(scope="module")
def pong(worlds) -> dict[str, np.ndarray]:
    """The screens of the first episode that the pipeline recorded."""
    with opening(worlds / "rollouts.h5") as rollouts:
        actions = rollouts.actions[:STEPS].tolist()
        frame_skip = int(rollouts.attributes["frame_skip"])
    return played(PONG, actions, frame_skip)


@pytest.fixture(scope="module")
def breakout() -> dict[str, np.ndarray]:
    return played(BREAKOUT, [1, *[2, 3, 0] * 20])


@pytest.mark.parametrize("kind", ["palette", "rgb", "grayscale"])
def test_frames_have_the_bytes_of_the_pipeline_s(pong, contents, kind):
    frames = mwm.frames_of(PONG, pong[kind])
    assert np.array_equal(frames, contents["original"].frames[:STEPS])
    assert np.array_equal(mwm.frames_of(PONG, pong[kind], colours=kind), frames)
    assert np.array_equal(mwm.frames_of(PONG, pong[kind][7]), frames[7:8])
    assert np.array_equal(mwm.frames_of(PONG, torch.from_numpy(pong[kind])), frames)
    assert np.array_equal(mwm.frames_of(PONG, list(pong[kind])), frames)


def test_gymnasium_s_observations_are_such_screens(contents):
    import gymnasium

    actions = contents["original"].actions[:20].tolist()
    game = gymnasium.make(PONG, frameskip=4, repeat_action_probability=0.0)
    game.reset(seed=0)
    observed = [game.step(action)[0] for action in actions]
    palettes = game.unwrapped.ale.getScreen()
    frames = mwm.frames_of(PONG, observed)
    assert np.array_equal(frames[-1:], mwm.frames_of(PONG, palettes))
    assert mwm.unpack(frames)[:, :, 54:].any(axis=(1, 2)).all(), "the agent's bat"


def test_a_screen_without_the_background_is_refused(pong):
    reset = np.full_like(pong["rgb"][:1], 228)
    with pytest.raises(mwm.UsageError, match=r"screens\[100\]: expected the background \[144, 72"):
        mwm.frames_of(PONG, np.concatenate([pong["rgb"], reset]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s[:, :84, :84], r"expected uint8 \(n, 210, 160, 3\) or .*not resized"),
        (lambda s: s.transpose(0, 3, 1, 2), r"; write screens\.transpose\(0, 2, 3, 1\)"),
        (lambda s: s / 255, r"found float64 .*whole numbers from 0 to 255 as uint8"),
        (lambda s: s[None], r"found uint8 \(1, 100, 210, 160, 3\)"),
    ],
)
def test_other_screens_are_refused(pong, change, told):
    with pytest.raises(mwm.UsageError, match=told):
        mwm.frames_of(PONG, change(pong["rgb"]))


def test_unknown_games_and_colours_are_told(pong):
    with pytest.raises(mwm.UsageError, match=r"^game: .*found 'ALE/Pnog-v5'; did you mean 'ALE/Po"):
        mwm.frames_of("ALE/Pnog-v5", pong["rgb"])
    with pytest.raises(mwm.UsageError, match=r"colours: expected grayscale or palette .*'rgb'"):
        mwm.frames_of(PONG, pong["palette"], colours="rgb")


def test_a_game_that_is_not_listed_needs_a_background(breakout):
    with pytest.raises(mwm.UsageError, match=r'write background=mwm\.background_of\("ALE/Break'):
        mwm.frames_of(BREAKOUT, breakout["rgb"])
    with pytest.raises(mwm.UsageError, match=r"expected one colour, \(3,\), or a picture, \(210,"):
        mwm.frames_of(BREAKOUT, breakout["rgb"], background=[1, 2])


@pytest.mark.parametrize(
    ("background", "found"),
    [
        (34 / 255, r"float64 \(\)"),
        (np.full((210, 160), 0.1, np.float32), r"float32 \(210, 160\)"),
        (256, "256 to 256"),
        (-1, "-1 to -1"),
        (np.full((210, 160), 300), "300 to 300"),
        (True, r"bool \(\)"),
        ("34", r"<U2 \(\)"),
    ],
)
def test_a_background_that_no_screen_can_have_is_refused(pong, background, found):
    """Every pixel differed from it, so that every frame was white."""
    with pytest.raises(mwm.UsageError, match=rf"background: expected whole .*, found {found}$"):
        mwm.frames_of(PONG, pong["palette"], background=background)


def test_colours_are_checked_beside_a_background(pong):
    with pytest.raises(mwm.UsageError, match=r"^frames_of: colours: expected rgb .*, found 'grey'"):
        mwm.frames_of(PONG, pong["rgb"], colours="grey", background=(144, 72, 17))


@pytest.mark.parametrize("kind", ["palette", "rgb"])
def test_the_background_found_is_the_pipeline_s_whatever_the_colours(breakout, kind):
    expected = any_pool(breakout["palette"] != most_frequent(breakout["palette"]))
    background = mwm.background_of(BREAKOUT, breakout[kind])
    assert background.shape == breakout[kind].shape[1:]
    found = mwm.frames_of(BREAKOUT, breakout[kind], background=background)
    assert np.array_equal(found, expected)
    assert 0 < mwm.unpack(found).mean() < 0.1


def test_one_colour_may_be_the_background(pong, contents):
    frames = mwm.frames_of(PONG, pong["rgb"], background=(144, 72, 17))
    assert np.array_equal(frames, contents["original"].frames[:STEPS])
    assert json.loads(contents["original"].attributes["background"]) == 34
    for behind in (34, np.int64(34), np.full((210, 160), 34), torch.tensor(34)):
        assert np.array_equal(mwm.frames_of(PONG, pong["palette"], background=behind), frames)
