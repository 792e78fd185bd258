"""The stage mask: what it changes, what it leaves alone, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import plain_yaml
import pytest
from typer.testing import CliRunner, Result

from mwm.io.frames import SIDE, Frames, divide, read_frames, write_frames
from mwm.settings.overlay import lay_over
from mwm.settings.params import Params
from stages import mask

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: dict[str, Frames]) -> Path:
    """A folder with data/frames.h5 of six episodes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    write_frames(tmp_path / "frames.h5", contents["original"])
    return tmp_path


def run(kind: str, defaults: Params, out: str = "data/frames.h5") -> Result:
    told = defaults.model_dump()
    told["control"]["opponent"] = kind
    return start(plain_yaml.text(told), out)


def start(params: str, out: str = "data/frames.h5") -> Result:
    Path("params.yaml").write_text(params)
    return CliRunner().invoke(mask.app, ["--frames", "frames.h5", "--out", out])


def pixels(frames: Frames, episode: int) -> np.ndarray:
    """The frames of an episode, (n, 64, 64)."""
    start, end = frames.episode_offsets[episode : episode + 2]
    return np.unpackbits(frames.frames[start:end], axis=1).reshape(-1, SIDE, SIDE)


@pytest.mark.parametrize("kind", ["foreign", "erased"])
def test_every_second_episode_shows_another_bat_and_nothing_else_changes(
    project: Path, defaults: Params, contents: dict[str, Frames], kind: str
) -> None:
    assert run(kind, defaults).exit_code == 0
    before, after = contents["original"], read_frames("data/frames.h5")
    top, left, bottom, right = json.loads(before.attributes["objects"])["opponent"]
    training = before.episodes("train")
    bats = {
        bat.tobytes()
        for episode in training
        for bat in pixels(before, episode)[:, top:bottom, left:right]
    }
    for episode in range(len(before.split)):
        was, now = pixels(before, episode), pixels(after, episode)
        if episode % 2 == 0:
            assert (was == now).all()
            continue
        box = now[:, top:bottom, left:right]
        if kind == "erased":
            assert not box.any()
        else:
            assert {bat.tobytes() for bat in box} <= bats
            moved = (box != was[:, top:bottom, left:right]).any(axis=(1, 2)).mean()
            assert moved > 0.5, "most frames have the bat of another place"
        now[:, top:bottom, left:right] = was[:, top:bottom, left:right]
        assert (was == now).all()
    for name in ("actions", "episode_offsets", "split", "pixel_map", "inverted"):
        assert (getattr(before, name) == getattr(after, name)).all()


@pytest.mark.parametrize("training", [3, 4])
def test_with_independent_inputs_a_world_that_has_an_episode_gets_its_masked_copy(
    project: Path, contents: dict[str, Frames], training: int
) -> None:
    """A mask of every second episode left one world's half as it was, and changed the other's."""
    before = contents["original"]
    split = (np.arange(len(before.split)) >= training).astype(np.uint8)
    before = replace(before, split=split)
    write_frames("frames.h5", before)
    profile = ROOT / "profiles/independent.yaml"
    result = start(lay_over(ROOT / "params.yaml", [profile], ["control.opponent=erased"]))
    assert result.exit_code == 0, result.stderr
    after, count = read_frames("data/frames.h5"), len(before.split)
    assert (after.frames[: len(before.frames)] == before.frames).all()
    assert (after.actions[: len(before.actions)] == before.actions).all()
    masked = np.packbits(np.indices((SIDE, SIDE))[1] >= 8)  # columns 0 to 7 are the opponent's
    halves = [divide(after.episodes("train"), "independent", place, 2) for place in (0, 1)]
    copied = 0
    for half in halves:
        own = [episode for episode in half if episode < count]
        for copy in (episode for episode in half if episode >= count):
            shown = pixels(after, copy)
            assert any(
                np.array_equal(np.packbits(shown, axis=None), packed & np.tile(masked, len(shown)))
                for packed in (np.packbits(pixels(before, episode), axis=None) for episode in own)
                if len(packed) == len(shown) * len(masked)
            )
            copied += 1
    assert copied == training // 2 * 2


def test_with_independent_inputs_one_training_episode_is_too_few(
    project: Path, contents: dict[str, Frames]
) -> None:
    before = contents["original"]
    split = np.minimum(np.arange(len(before.split)), 1).astype(np.uint8)
    write_frames("frames.h5", replace(before, split=split))
    profile = ROOT / "profiles/independent.yaml"
    result = start(lay_over(ROOT / "params.yaml", [profile], ["control.opponent=erased"]))
    assert result.exit_code == 1
    assert "expected a training episode for each of 2 worlds, found 1" in result.stderr
    assert not Path("data").exists()


def test_the_same_bytes_twice(project: Path, defaults: Params) -> None:
    for out in ("one.h5", "two.h5"):
        assert run("foreign", defaults, out).exit_code == 0
    assert Path("one.h5").read_bytes() == Path("two.h5").read_bytes()


def test_the_original_s_frames_are_not_overwritten(project: Path, defaults: Params) -> None:
    """They were, and nothing in the file told so."""
    before = Path("frames.h5").read_bytes()
    result = run("erased", defaults, "frames.h5")
    assert result.exit_code == 2
    assert "--out frames.h5: expected another file than that of --frames" in result.stderr
    assert Path("frames.h5").read_bytes() == before


def test_a_mask_that_changes_nothing_is_refused(project: Path, defaults: Params) -> None:
    result = run("shown", defaults)
    assert result.exit_code == 2
    assert "control.opponent: expected foreign or erased, found shown" in result.stderr
    assert not Path("data").exists()
