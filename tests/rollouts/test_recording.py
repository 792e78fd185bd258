"""rollouts.h5: the same bytes however it is made, and all that is needed to play it again."""

import json
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ale_py
import gymnasium
import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.checkpoints import Shelf
from mwm.rollouts import games
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.play import play
from mwm.rollouts.recording import collect, collect_part, recipe_for
from mwm.runtime.signals import Terminated, orderly
from mwm.runtime.state import shelf
from mwm.settings.collect import Collect
from mwm.settings.params import Params

COLOURS = {34, 14, 56, 200}


@pytest.fixture(scope="module")
def short(defaults: Params) -> Collect:
    """Three episodes of 70 steps: a full chunk and a part of one."""
    return _with(defaults.collect, episodes=3, max_steps=70)


def _with(settings: Collect, **values: Any) -> Collect:
    return settings.model_copy(update=values)


def test_the_number_of_workers_leaves_no_trace(tmp_path: Path, short: Collect) -> None:
    files = []
    for name, workers in (("one", 1), ("two", 2), ("again", 2)):
        collect(short, tmp_path / name, workers)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1] == files[2]


def test_another_seed_plays_otherwise_from_the_first_episode(
    tmp_path: Path, short: Collect
) -> None:
    actions = []
    for seed in (0, 1):
        path = tmp_path / f"{seed}.h5"
        collect(_with(short, seed=seed), path, 1)
        with h5py.File(path) as file:
            actions.append(file["actions"][...].reshape(3, 70))
    distinct = {tuple(episode) for episode in np.concatenate(actions).tolist()}
    assert len(distinct) == 6


def test_the_stored_actions_played_again_show_the_stored_screens(worlds: Path) -> None:
    """Played by gymnasium's emulator as it comes, with nothing of ours."""
    gymnasium.register_envs(ale_py)
    env = gymnasium.make("ALE/Pong-v5", frameskip=4, repeat_action_probability=0.0)
    ale = env.unwrapped.ale
    with h5py.File(worlds / "rollouts.h5") as file:
        offsets = file["episode_offsets"][...]
        names = json.loads(file.attrs["action_names"])
        (top, bottom), (left, right) = json.loads(file.attrs["field"]).values()
        assert offsets.tolist() == list(range(0, 901, 150))
        for episode, name in enumerate(file["screens"]):
            steps = slice(offsets[episode], offsets[episode + 1])
            ale.reset_game()
            ale.act(ale_py.Action.NOOP)
            ale.act(ale_py.Action.NOOP)
            for screen, action, reward in zip(
                file["screens"][name], file["actions"][steps], file["rewards"][steps], strict=True
            ):
                assert np.array_equal(ale.getScreen()[top:bottom, left:right], screen)
                act = ale_py.Action[names[action]]
                assert sum(ale.act(act) for _ in range(4)) == reward


@pytest.mark.parametrize("frame_skip", [1, 4])
def test_no_frame_of_a_wrong_palette_reaches_the_file(
    tmp_path: Path, short: Collect, frame_skip: int
) -> None:
    collect(_with(short, frame_skip=frame_skip), tmp_path / "rollouts.h5", 1)
    with h5py.File(tmp_path / "rollouts.h5") as file:
        for screens in file["screens"].values():
            assert set(np.unique(screens[...]).tolist()) <= COLOURS


def test_an_episode_ends_with_its_game(tmp_path: Path, short: Collect) -> None:
    """At 60 frames a step a game lasts some 60 steps: fewer than a chunk."""
    collect(_with(short, frame_skip=60, max_steps=1000), tmp_path / "rollouts.h5", 1)
    with h5py.File(tmp_path / "rollouts.h5") as file:
        offsets = file["episode_offsets"][...]
        assert np.diff(offsets).max() < 100
        for episode, screens in enumerate(file["screens"].values()):
            steps = slice(offsets[episode], offsets[episode + 1])
            assert len(screens) == offsets[episode + 1] - offsets[episode]
            assert file["rewards"][steps].min() < 0
            assert screens[-1].any()


def test_the_file_says_how_it_was_played(tmp_path: Path, short: Collect) -> None:
    settings = _with(short, hold=2, repeat_probability=0.25, seed=7)
    collect(settings, tmp_path / "rollouts.h5", 1)
    with h5py.File(tmp_path / "rollouts.h5") as file:
        found = dict(file.attrs)
        assert [screens.chunks for screens in file["screens"].values()] == [(64, 160, 160)] * 3
        assert {screens.compression for screens in file["screens"].values()} == {"gzip"}
        assert (file["actions"].dtype, file["rewards"].dtype) == (np.uint8, np.float32)
    for key, value in settings.model_dump(exclude={"episodes"}).items():
        assert found[key] == value
    assert found["kind"] == "rollouts"
    assert found["policy"] == "random"
    assert found["emulator_repeat_action_probability"] == 0
    assert found["ale_py"] == ale_py.__version__
    assert json.loads(found["background"]) == 34
    assert set(json.loads(found["objects"])) == {"opponent", "ball", "agent"}


@pytest.mark.parametrize("steps", [63, 64, 65, 128])
def test_a_chunk_that_is_just_full_keeps_its_screens(short: Collect, steps: int) -> None:
    """Of the last chunk only what no step has filled is zero."""
    emulator = Emulator(short.game)

    def screens(most: int) -> NDArray[np.uint8]:
        settings = _with(short, max_steps=most)
        recipe = recipe_for(settings, games.find(short.game), emulator.shape)
        episode = play(emulator, recipe, 0)
        assert len(episode.actions) == len(episode.rewards) == most
        parts = [np.frombuffer(zlib.decompress(chunk), np.uint8) for chunk in episode.chunks]
        return np.concatenate([part.reshape(episode.chunk_shape) for part in parts])

    whole, cut = screens(130), screens(steps)
    assert len(cut) == steps if steps < 64 else len(cut) == -(-steps // 64) * 64
    assert np.array_equal(cut[:steps], whole[:steps])
    assert whole[:130].any((1, 2)).all()
    assert not cut[steps:].any()


def test_an_unlisted_game_is_recorded_whole(tmp_path: Path, short: Collect) -> None:
    collect(_with(short, game="ALE/Breakout-v5"), tmp_path / "rollouts.h5", 2)
    with h5py.File(tmp_path / "rollouts.h5") as file:
        assert file["screens/000002"].shape == (70, 210, 160)
        assert json.loads(file.attrs["background"]) is None
        assert json.loads(file.attrs["objects"]) == {}


@pytest.mark.parametrize(
    ("game", "told"),
    [
        (games.Game(rows=[34, 211]), r"rows: expected at least 64 pixels within 0..210, found"),
        (games.Game(columns=[100, 160]), r"columns: expected at least 64 pixels within 0..160"),
    ],
)
def test_a_field_that_does_not_fit_the_screen_is_told(
    short: Collect, game: games.Game, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        recipe_for(short, game, (210, 160))


def test_a_field_may_be_as_small_as_a_frame_and_end_with_the_screen(short: Collect) -> None:
    recipe = recipe_for(short, games.Game(rows=[146, 210], columns=[96, 160]), (210, 160))
    assert (recipe.rows, recipe.columns) == ((146, 210), (96, 160))


def test_a_collection_goes_on_with_what_is_missing(
    tmp_path: Path, short: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted, grown, shrunk, or with a damaged episode: the bytes of one never interrupted."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    kept_aside = shelf()

    def collected(episodes: int, workers: int) -> bytes:
        with orderly():
            collect(_with(short, episodes=episodes), tmp_path / "one.h5", workers, kept_aside)
        return (tmp_path / "one.h5").read_bytes()

    whole = {}
    for episodes in (3, 5):
        collect(_with(short, episodes=episodes), tmp_path / "other.h5", 1)
        whole[episodes] = (tmp_path / "other.h5").read_bytes()
    assert collected(5, 2) == whole[5]
    files = sorted(kept_aside.folder.glob("collect/*/*.safetensors"))
    assert [file.stem for file in files] == [f"{index:06d}" for index in range(5)]
    files[1].unlink()
    files[2].write_bytes(files[3].read_bytes()[:-1])
    files[4].unlink()
    kept = files[0].stat().st_mtime_ns
    assert collected(5, 2) == whole[5]
    assert collected(3, 1) == whole[3]
    assert files[0].stat().st_mtime_ns == kept


def test_parts_that_are_played_apart_make_the_bytes_of_the_whole(
    tmp_path: Path, short: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    settings, kept_aside = _with(short, episodes=5), shelf()
    collect(settings, tmp_path / "whole.h5", 1)
    for first in (1, 0):
        collect_part(settings, range(first, 5, 2), 1, kept_aside)
    files = sorted(kept_aside.folder.glob("collect/*/*.safetensors"))
    assert [file.stem for file in files] == [f"{index:06d}" for index in range(5)]
    times = [file.stat().st_mtime_ns for file in files]
    monkeypatch.setattr("mwm.rollouts.aside.play", None)  # no episode is played again
    monkeypatch.setattr("mwm.rollouts.workers.play", None)
    with orderly():
        collect(settings, tmp_path / "joined.h5", 1, kept_aside)
    assert (tmp_path / "joined.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert [file.stat().st_mtime_ns for file in files] == times


def test_parts_do_not_wait_for_each_other(
    tmp_path: Path, short: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each on a node of its own, they share one shelf."""

    def claim(folder: Path) -> None:
        raise AssertionError(f"waits for {folder}")

    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    collect_part(short, [1], 1, Shelf(shelf().folder, claim))
    assert [file.stem for file in shelf().folder.glob("collect/*/*.safetensors")] == ["000001"]


@pytest.mark.parametrize("end", [KeyboardInterrupt, Terminated])
@pytest.mark.parametrize("aside", [True, False])
def test_an_end_says_whether_episodes_are_kept_and_stays_what_it_is(
    tmp_path: Path,
    short: Collect,
    monkeypatch: pytest.MonkeyPatch,
    end: type[KeyboardInterrupt],
    aside: bool,
) -> None:
    """By its kind the command chooses its exit code."""

    class Ending:
        total = done = 0

        def advance(self, amount: int = 1, note: str = "") -> None:
            raise end

    @contextmanager
    def monitor(label: str, total: int, unit: str, *, done: int = 0) -> Iterator[Ending]:
        yield Ending()

    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with pytest.raises(KeyboardInterrupt) as ended, orderly():
        collect(short, tmp_path / "one.h5", 1, shelf() if aside else None, monitor)
    assert type(ended.value) is end
    assert str(ended.value) == ("finished episodes are kept" if aside else "")
    assert len([*shelf().folder.glob("collect/*/*.safetensors")]) == aside
    assert not [*tmp_path.glob("*.h5")]


def test_times_of_the_future_cost_no_finished_episode(
    tmp_path: Path, short: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a clock that was set back leaves them; the last two of three collections stay."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    place = shelf().folder / "collect"
    folders: list[Path] = []
    for seed in (0, 1, 2):
        with orderly():
            collect(_with(short, seed=seed, episodes=1), tmp_path / "one.h5", 1, shelf())
        folders += {file.parent for file in place.glob("*/*.safetensors")} - {*folders}
        later = time.time() + 3600 * (3 - seed)
        os.utime(folders[seed], (later, later))
    assert {path for path in place.iterdir() if path.is_dir()} == {*folders[1:]}
    assert len(folders) == 3
