"""Foreign plays: read whole or refused in one line, and shown as each world shows them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from closure import ROOT

from mwm import ArtefactError, UsageError
from mwm.io.frames import Frames
from mwm.io.plays import read_plays, shown_in
from mwm.settings.params import Params
from mwm.worlds import World

PLAYED = ROOT / "plays" / "played.npz"


@pytest.fixture
def arrays(contents: dict[str, Frames]) -> dict[str, Any]:
    """Two short episodes as a file has them, of random frames."""
    frames = np.random.default_rng(0).integers(0, 256, (30, 512), dtype=np.uint8)
    return {
        "game": np.array(contents["original"].attributes["game"]),
        "frames": frames,
        "actions": np.arange(30, dtype=np.uint8) % 6,
        "episode_offsets": np.array([0, 10, 30]),
    }


@pytest.fixture
def read(tmp_path: Path, contents: dict[str, Frames]) -> Callable[..., Frames]:
    """Writes arrays to plays.npz, and reads it."""

    def write_and_read(**arrays: Any) -> Frames:
        np.savez_compressed(tmp_path / "plays.npz", **arrays)
        return read_plays(tmp_path / "plays.npz", contents["original"])

    return write_and_read


def test_the_committed_plays_are_episodes_of_pong_of_which_all_are_tests(
    contents: dict[str, Frames], defaults: Params
) -> None:
    assert defaults.evaluate.plays == PLAYED.relative_to(ROOT).as_posix()
    plays = read_plays(PLAYED, contents["original"])
    assert len(plays.episodes("test")) == len(plays.split) == 80
    assert plays.frames.shape == (79502, 512)
    ball = json.loads(plays.attributes["objects"])["ball"]
    pixels = np.unpackbits(plays.frames[:2000], axis=1).reshape(-1, 64, 64)
    found = pixels[:, ball[0] : ball[2], ball[1] : ball[3]].any((1, 2))
    assert 0.3 < found.mean() < 0.9


def test_plays_are_read_as_they_were_written(
    arrays: dict[str, Any], read: Callable[..., Frames]
) -> None:
    plays = read(**arrays)
    for name in ("frames", "actions", "episode_offsets"):
        np.testing.assert_array_equal(getattr(plays, name), arrays[name])
    assert plays.lengths == {"train": [], "validation": [], "test": [10, 20]}


def test_each_world_shows_them_as_its_bijections_make_them(
    arrays: dict[str, Any],
    read: Callable[..., Frames],
    contents: dict[str, Frames],
    defaults: Params,
) -> None:
    worlds = {**defaults.variants.worlds, "mixed": ["mirror", {"permutation": {"seed": 3}}]}
    plays = read(**arrays)
    for name, steps in worlds.items():
        world = World(name, steps)
        shown = shown_in(world.make(contents["original"]), plays)
        np.testing.assert_array_equal(shown.frames, world.show(arrays["frames"]))
        np.testing.assert_array_equal(shown.actions, arrays["actions"])
        assert shown.attributes["world"] == name
        assert shown.lengths == plays.lengths


def test_a_world_shows_long_plays_to_their_last_frame(
    arrays: dict[str, Any], read: Callable[..., Frames], contents: dict[str, Frames]
) -> None:
    """Frames are shown in pieces of 256: one is full, and the next has a single frame."""
    world = World("mixed", ["mirror", {"permutation": {"seed": 3}}, "invert"])
    frames = np.random.default_rng(1).integers(0, 256, (257, 512), dtype=np.uint8)
    changes = {"actions": np.zeros(257, np.uint8), "episode_offsets": np.array([0, 257])}
    plays = read(**(arrays | changes | {"frames": frames}))
    shown = shown_in(world.make(contents["original"]), plays)
    np.testing.assert_array_equal(shown.frames, world.show(frames))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"game": np.array(["a"], object)}, "expected .npz with game, found: Object arrays"),
        ({"game": None}, "expected .npz with game, found: 'game is not a file in the archive'"),
        ({"frames": np.zeros((30, 4096), np.uint8)}, r"frames: expected uint8 \(30, 512\), found"),
        ({"frames": np.zeros((29, 512), np.uint8)}, r"frames: expected uint8 \(30, 512\), found"),
        ({"frames": np.zeros((30, 64, 64), bool)}, "frames: expected uint8 of 2 axes, found bool"),
        ({"actions": np.zeros(30)}, "actions: expected uint8 of 1 axes, found float64"),
        (
            {"actions": np.zeros((30, 1), np.uint8)},
            "actions: expected uint8 of 1 axes, found uint8",
        ),
        ({"actions": np.full(30, 6, np.uint8)}, r"actions: expected 0\.\.5, found 6"),
        ({"episode_offsets": np.array([0, 40])}, "episode_offsets: expected to rise from 0 to 30"),
        ({"episode_offsets": np.array([], int)}, "episode_offsets: expected to rise from 0 to 30"),
        ({"episode_offsets": None}, "expected .npz with frames, actions, episode_offsets, found"),
    ],
)
def test_foreign_files_are_refused(
    changes: dict[str, Any], told: str, arrays: dict[str, Any], read: Callable[..., Frames]
) -> None:
    left = {name: array for name, array in (arrays | changes).items() if array is not None}
    with pytest.raises(ArtefactError, match=told) as raised:
        read(**left)
    assert "plays.npz: " in str(raised.value)
    assert "\n" not in str(raised.value)


def test_plays_of_another_game_are_refused(
    arrays: dict[str, Any], read: Callable[..., Frames]
) -> None:
    with pytest.raises(UsageError, match=r"plays of ALE/Pong-v5, found those of ALE/Breakout-v5;"):
        read(**(arrays | {"game": np.array("ALE/Breakout-v5")}))


def test_a_missing_file_is_told(tmp_path: Path, contents: dict[str, Frames]) -> None:
    with pytest.raises(ArtefactError, match=r"none\.npz: not found"):
        read_plays(tmp_path / "none.npz", contents["original"])


def test_damage_is_refused_or_harmless(
    arrays: dict[str, Any],
    read: Callable[..., Frames],
    tmp_path: Path,
    contents: dict[str, Frames],
) -> None:
    whole, path = read(**arrays), tmp_path / "plays.npz"
    content = path.read_bytes()
    draws = np.random.default_rng(1)
    refused = []
    for _ in range(100):
        damaged = bytearray(content)
        damaged[draws.integers(len(content))] ^= 1 << int(draws.integers(8))
        path.write_bytes(damaged[: draws.choice([len(content), draws.integers(len(content))])])
        try:
            found = read_plays(path, contents["original"])
        except ArtefactError as error:
            refused.append(str(error))
        else:
            for name in ("frames", "actions", "episode_offsets"):
                np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
    assert len(refused) > 50
    assert not any("\n" in said for said in refused)
