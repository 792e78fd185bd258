"""What nobody should hand to the library is told in one line, and never makes a traceback."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import hardship
import numpy as np
import pytest
import torch

import mwm
from mwm.control import player
from mwm.control.policy import initialise as policy_of
from mwm.models.model import initialise, save

PONG = "ALE/Pong-v5"
FRAMES, Z = np.zeros((5, 512), np.uint8), np.zeros((5, 32), np.float32)
SCREEN = np.full((210, 160), 34, np.uint8)  # the background's palette value
ODD = [
    *("text", "a\0b", "a\ud800", b"ab", None, True, 1.5, 10**30, -1),
    *(int, {}, {1}, [], [[1], [2, 3]]),
    *(np.array(0), np.array(0.5), np.array([]), np.array([None, {}], object), np.array(["a"] * 5)),
    *(np.zeros((5, 32), object), np.zeros((5, 32), complex), np.zeros((5, 32), "m8[s]")),
    *(np.full((5, 32), np.nan), np.full((5, 32), 1e300), np.zeros(5, [("a", int)])),
    *(torch.zeros(5, 2, requires_grad=True), torch.empty(5, 32, device="meta")),
]


@pytest.fixture(scope="module")
def fresh(defaults) -> mwm.TrainedModel:
    """Fresh weights: what is refused is refused by any model."""
    return mwm.TrainedModel(initialise(defaults.train.model, ["original", "mirror"], 6, 0))


@pytest.fixture(scope="module")
def acting(fresh, contents, defaults) -> player.Player:
    """A player of fresh weights."""
    about = player.about(fresh.module, contents["original"], defaults.control)
    return player.Player(about, fresh.module, policy_of(about.seen, 6, about.control.hidden, 0))


@pytest.fixture(scope="module")
def own() -> mwm.Frames:
    """An episode of blank frames."""
    return mwm.episodes_of(PONG, [(np.zeros((40, 512), np.uint8), [0] * 40)])


CALLS = {
    "encode's world": lambda m, _, x: m.encode(x, FRAMES),
    "encode's frames": lambda m, _, x: m.encode("mirror", x),
    "decode's z": lambda m, _, x: m.decode("mirror", x),
    "predict's z": lambda m, _, x: m.predict(x, [0] * 5),
    "predict's actions": lambda m, _, x: m.predict(Z, x),
    "dream's frames": lambda m, _, x: m.dream("mirror", x, [0] * 6, 2),
    "dream's actions": lambda m, _, x: m.dream("mirror", FRAMES, x, 2),
    "dream's steps": lambda m, _, x: m.dream("mirror", FRAMES, [0] * 5, x),
    "TrainedModel": lambda _, __, x: mwm.TrainedModel(x),
    "load": lambda _, __, x: mwm.load(x),
    "load_player": lambda _, __, x: mwm.load_player(x),
    "read_frames": lambda _, __, x: mwm.read_frames(x),
    "pack": lambda _, __, x: mwm.pack(x),
    "unpack": lambda _, __, x: mwm.unpack(x),
    "frames_of's game": lambda _, __, x: mwm.frames_of(x, SCREEN),
    "frames_of's screens": lambda _, __, x: mwm.frames_of(PONG, x),
    "frames_of's colours": lambda _, __, x: mwm.frames_of(
        PONG, SCREEN, colours="rgb" if x is None else x
    ),
    "background_of": lambda _, __, x: mwm.background_of(PONG, x),
    "episodes_of's game": lambda _, __, x: mwm.episodes_of(x, [(FRAMES, [0] * 5)]),
    "episodes_of's episodes": lambda _, __, x: mwm.episodes_of(PONG, x),
    "episodes_of's episode": lambda _, __, x: mwm.episodes_of(PONG, [x]),
    "episodes_of's frames": lambda _, __, x: mwm.episodes_of(PONG, [(x, [0] * 5)]),
    "episodes_of's actions": lambda _, __, x: mwm.episodes_of(PONG, [(FRAMES, x)]),
    "judge's model": lambda _, own, x: mwm.judge(x, {"original": own}),
    "judge's worlds": lambda m, _, x: mwm.judge(m, x),
    "judge's source": lambda m, _, x: mwm.judge(m, {"original": x}, length=10),
    "judge's frames": lambda m, own, x: mwm.judge(m, {"original": own}, length=10, frames=x),
    "judge's length": lambda m, own, x: mwm.judge(m, {"original": own}, length=x),
    "judge's seed": lambda m, own, x: mwm.judge(m, {"original": own}, length=10, seed=x),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_whatever_is_handed_in_is_refused_in_one_short_line(fresh, own, call: Any) -> None:
    with np.errstate(all="raise"):
        for odd in ODD:
            with pytest.raises(mwm.MwmError) as raised:
                call(fresh, own, odd)
            assert "\n" not in str(raised.value)
            assert len(str(raised.value)) < 400


@pytest.mark.parametrize("odd", [*ODD, Z, np.zeros((2, 288), int), np.full((2, 288), np.inf)])
def test_codes_that_a_player_cannot_read_are_refused(acting, odd: Any) -> None:
    with pytest.raises(mwm.UsageError, match=r"^codes: expected|^expected an array"):
        acting.choose(odd)


def test_codes_may_be_of_any_precision_and_a_tensor_s(acting) -> None:
    codes = np.random.default_rng(0).normal(size=(20, 288)).astype(np.float32)
    chosen = acting.choose(codes)
    codes.setflags(write=False)
    for given in (codes, codes.astype(np.float64), torch.tensor(codes, requires_grad=True)):
        assert np.array_equal(acting.choose(given), chosen)
    assert acting.choose(codes[:0]).shape == (0,)
    with pytest.raises(mwm.UsageError, match=r"\(n, 288\) .*\(288,\); write codes\[None\]$"):
        acting.choose(codes[0])


def test_a_model_of_another_training_is_told(fresh, acting, defaults) -> None:
    """Such a player acted on codes that meant nothing to it, and nobody was told."""
    acting.check(fresh)
    other = mwm.TrainedModel(initialise(defaults.train.model, ["original", "mirror"], 6, 1))
    with pytest.raises(mwm.UsageError, match=r"^Player.check: expected a model with the player's"):
        acting.check(other)
    with pytest.raises(mwm.UsageError, match=r"^Player.check: expected a model of mwm.load"):
        acting.check(other.module)


def test_a_folder_without_a_player_is_told(tmp_path) -> None:
    told = rf"^{tmp_path}: expected the folder of a player, .* found no manifest.json; the stage"
    with pytest.raises(mwm.UsageError, match=told):
        mwm.load_player(tmp_path)


@pytest.mark.usefixtures("binding")
@pytest.mark.parametrize("below", ["", "runs"])
def test_a_folder_that_may_not_be_read_is_told(tmp_path, below) -> None:
    """It once ended in a PermissionError."""
    models = tmp_path / "models"
    (models / "runs").mkdir(parents=True)
    with hardship.mode(models / below, 0o777):
        done = subprocess.run(
            [sys.executable, "-c", f"import mwm\nmwm.load({str(models)!r})"],
            preexec_fn=hardship.unprivileged,
            capture_output=True,
            text=True,
            check=False,
        )
    last = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"mwm.MwmError: .*models.*: cannot be read: Permission denied; .*", last)


def test_half_precision_and_gradients_of_the_caller_do_no_harm(fresh) -> None:
    z = torch.randn(4, 32).half().requires_grad_()
    assert fresh.decode("mirror", z).dtype == np.float32
    assert fresh.predict(z, torch.zeros(4, dtype=torch.uint8)).shape == (4, 32)


def test_numbers_may_be_numpy_s(fresh, own) -> None:
    dreamt = fresh.dream("mirror", FRAMES, [0] * 6, np.int64(2))
    assert np.array_equal(dreamt, fresh.dream("mirror", FRAMES, [0] * 6, 2))
    numbers = {"frames": 20, "length": 10, "seed": 3}
    expected = mwm.judge(fresh, {"original": own}, **numbers)
    given = {name: np.int32(number) for name, number in numbers.items()}
    assert mwm.judge(fresh, {"original": own}, **given) == expected


def test_fewer_frames_than_a_sequence_are_refused_instead_of_exceeded(fresh, own) -> None:
    """One frame at most was asked for, and ten were judged."""
    with pytest.raises(mwm.UsageError, match=r"^judge: frames: expected a whole number from 10 to"):
        mwm.judge(fresh, {"original": own}, frames=1, length=10)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"frames": mwm.unpack(FRAMES)}, r"frames: expected uint8 \(5, 512\), found bool \(5, 64"),
        ({"actions": np.zeros(39, np.uint8)}, r"actions: expected uint8 \(40,\), found uint8 \(39"),
        ({"episode_offsets": None}, r"episode_offsets: expected int64 \(\), found object \(\)"),
        ({"episode_offsets": np.array([0, 50])}, r"episode_offsets: expected to rise from 0 to 40"),
        ({"attributes": {}}, r"attribute action_names: expected a list in JSON"),
        ({"attributes": None}, r"attributes: expected a mapping, found None; mwm\.episodes_of mak"),
        (
            {"split": torch.full((1,), 3, dtype=torch.uint8)},
            r"split: expected 1 episodes in 0\.\.2",
        ),
    ],
)
def test_frames_of_one_s_own_making_are_checked_as_those_of_files(fresh, own, change, told) -> None:
    with pytest.raises(mwm.MwmError, match=rf"^judge: original: {told}"):
        mwm.judge(fresh, {"original": replace(own, **change)}, length=10)


def test_frames_may_be_made_of_tensors(fresh, own) -> None:
    """Their ranges were checked by calls that tensors do not have, and a traceback came of it."""
    parts = {name: torch.from_numpy(getattr(own, name)) for name in ("frames", "actions", "split")}
    judged = mwm.judge(fresh, {"original": replace(own, **parts)}, length=10)
    assert judged == mwm.judge(fresh, {"original": own}, length=10)


class _Folder:
    def __fspath__(self) -> bytes:
        return b"runs"


def test_a_path_of_bytes_is_refused(fresh) -> None:
    for call in (mwm.load, mwm.load_player, mwm.read_frames, lambda x: mwm.judge(fresh, x)):
        with pytest.raises(mwm.UsageError, match=r"expected a path, found"):
            call(_Folder())


@pytest.mark.parametrize("episodes", [(FRAMES, [0] * 5), [(FRAMES,)], {"one": (FRAMES, [0] * 5)}])
def test_one_episode_that_stands_alone_is_told_with_what_to_write(episodes: Any) -> None:
    told = r"^episodes_of: .*expected .* of frames and actions, .*; write \[\(frames, actions\)\]"
    with pytest.raises(mwm.UsageError, match=told):
        mwm.episodes_of(PONG, episodes)


def test_a_player_s_folder_and_a_model_s_are_told_apart(fresh, acting, tmp_path) -> None:
    for name in ("model", "player"):
        (tmp_path / name).mkdir()
    save(fresh.module, tmp_path / "model", {})
    player.save(acting, tmp_path / "player", [])
    told = f'{tmp_path}/player: expected trained models, found a player; write mwm.load_player("'
    with pytest.raises(mwm.ArtefactError) as raised:
        mwm.load(tmp_path / "player")
    assert str(raised.value) == f'{told}{tmp_path}/player")'
    with pytest.raises(mwm.ArtefactError) as raised:
        mwm.load_player(tmp_path / "model")
    assert str(raised.value).endswith(
        f'found that of trained models; write mwm.load("{tmp_path}/model")'
    )
