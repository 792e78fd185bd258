"""`mwm demo`: the page of the pretrained models, far from any pipeline."""

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import games_of, page_of
from typer.testing import CliRunner

import mwm
from mwm import MwmError
from mwm.__main__ import app
from mwm.control import policy
from mwm.control.player import Player, about
from mwm.hub import export as hub
from mwm.io.files import read_json
from mwm.library import pretrained
from mwm.playground.opening import opening, write

ROOT = Path(__file__).resolve().parents[2]
KEPT = {"transferred_min": 0.97, "transferred_y": 1.0, "transferred_z": 0.57, "transferred_x": None}
SCORES = {"score": 12.5, "score_random": -20.0, **KEPT}
QUALITY = {"full": {"alignment": 0.9696}, "quantised": {"alignment": 0.98}}


@pytest.fixture
def player(model, contents, defaults) -> Player:
    """One that was never trained, as params have it."""
    told = about(model, contents["original"], defaults.control)
    return Player(told, model, policy.initialise(told.seen, 6, told.control.hidden, seed=1).eval())


@pytest.fixture
def released(model, player, contents, tmp_path, monkeypatch) -> Path:
    """A folder of pretrained models, in the place of the one that mwm comes with."""
    folder = tmp_path / "released"
    folder.mkdir()
    notes = {**player.about.model_dump(), "scores": SCORES, "quality": QUALITY}
    pretrained.write(folder, model, player.policy.state_dict(), notes)
    write(folder / "plays.h5", opening(pretrained.rounded(model), contents, games_of(contents)))
    monkeypatch.setattr(pretrained, "FOLDER", folder)
    monkeypatch.setattr(pretrained.read, "__defaults__", (folder,))
    monkeypatch.chdir(tmp_path)
    return folder


def test_it_is_the_pipeline_s_page_and_says_how_good_it_is(released, contents, monkeypatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    done = CliRunner().invoke(app, ["demo", "--no-open"], catch_exceptions=False)
    assert done.exit_code == 0
    assert not opened
    found = mwm.load("pretrained").module, contents, mwm.load_player("pretrained")
    assert Path("playground.html").read_text() == page_of(*found, games_of(contents))
    assert f"demo: {Path('playground.html').resolve()}" in done.output
    assert "alignment                           0.969    0.980" in done.output, (
        "0.97 is a threshold"
    )
    assert "score                               12.50" in done.output
    assert "transferred x" not in done.output
    assert "found: after 25 dreamt steps, in how many frames" in done.output
    CliRunner().invoke(app, ["demo", "--out", "again.html"], catch_exceptions=False)
    assert opened == [Path("again.html").resolve().as_uri()]


def test_an_export_is_complete_and_its_example_runs(released, model, contents, tmp_path) -> None:
    done = CliRunner().invoke(app, ["export", "hub"], catch_exceptions=False)
    assert done.exit_code == 0
    names = {p.relative_to("hub").as_posix() for p in Path("hub").rglob("*") if p.is_file()}
    assert names == {
        *("LICENSE", "README.md", "config.json", "example.py", "manifest.json"),
        "model.safetensors",
        *("player/manifest.json", "player/player.safetensors"),
    }
    card = Path("hub/README.md").read_text()
    assert "| alignment | 0.969 | 0.980 |" in card
    assert "12.50 points a game in the original, with sticky actions, where random\nplay" in card
    kept = "Of what it gains over random play it keeps\n100% in y,\n57% in z.\n"
    assert f"play scores -20.00. {kept}" in card, "0.57 is 0.5699... in binary"
    assert Path("hub/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert not [line for line in card.splitlines() if line != line.rstrip()]
    assert f"```python\n{Path('hub/example.py').read_text()}```" in card
    ran = subprocess.run(
        [sys.executable, "example.py"], cwd="hub", capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout.startswith("(10, 64, 64) [")) == (0, True), ran.stderr
    frames = contents["mirror"].frames[:20]
    assert np.array_equal(
        mwm.load("hub").encode("mirror", frames), mwm.load("pretrained").encode("mirror", frames)
    )
    told = {"library_name": "mwm", "game": "ALE/Pong-v5", "actions": 6}
    form = {"worlds": list(model.worlds), **model.config.model_dump()}
    assert read_json("hub/config.json") == told | form
    codes = (
        np.random.default_rng(0)
        .normal(size=(50, model.config.latent + model.config.memory))
        .astype(np.float32)
    )
    ours, theirs = (mwm.load_player(name).choose(codes) for name in ("pretrained", "hub/player"))
    assert len(set(ours.tolist())) > 1
    assert np.array_equal(ours, theirs)
    for taken in ("hub", "hub/LICENSE"):
        again = CliRunner().invoke(app, ["export", taken])
        assert again.exit_code == 2
        assert f"{taken}: expected a new or an empty folder, found another" in again.output


def test_an_export_that_is_interrupted_leaves_nothing_and_can_run_again(
    released, monkeypatch, tmp_path
) -> None:
    """It left half a folder, and then refused it."""
    with monkeypatch.context() as broken:
        broken.setattr(hub, "_licence", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            hub.export(tmp_path / "models")
    assert {path.name for path in tmp_path.iterdir()} == {"released"}
    (tmp_path / "models").mkdir()
    hub.export(tmp_path / "models")
    assert (tmp_path / "models/example.py").is_file()
    (tmp_path / "file").write_text("")
    with pytest.raises(MwmError, match="file: cannot be written"):
        hub.export(tmp_path / "file/models")


def test_an_export_for_which_there_is_no_room_is_told_by_its_name(released, tmp_path) -> None:
    """What it wrote to until then has a name that nobody knows, and is gone."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(MwmError) as failure:
            hub.export(tmp_path / "models")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told = f"{tmp_path}/models/model.safetensors: cannot be written: File too large"
    assert str(failure.value).startswith(told)
    assert not [path for path in tmp_path.iterdir() if "models" in path.name]


@pytest.mark.parametrize("place", [".", "link", "missing/../here"])
def test_an_export_may_go_to_an_empty_folder_by_any_name(
    released, tmp_path, monkeypatch, place: str
) -> None:
    """Into the current folder it failed once all was written; through a link it always did."""
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here" if place == "." else tmp_path)
    done = CliRunner().invoke(app, ["export", place], catch_exceptions=False)
    assert (done.exit_code, done.output) == (0, f"export: {tmp_path / 'here'}\n")
    assert {"LICENSE", "README.md", "player"} < {p.name for p in (tmp_path / "here").iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == {"released", "here", "link"}


def test_an_export_does_not_reach_past_a_folder_that_is_missing(released, tmp_path) -> None:
    """`missing/../..` was written into, though it was not empty."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    done = CliRunner().invoke(app, ["export", str(tmp_path / "kept/missing/..")])
    assert "kept: expected a new or an empty folder, found another" in done.output
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("place", "said"),
    [("loop", "loop: expected a new or an empty folder"), ("loop/new", "loop: cannot be written")],
)
def test_an_export_to_links_in_a_circle_is_refused(
    released, tmp_path, monkeypatch, place: str, said: str
) -> None:
    """Python 3.11 calls them a RuntimeError, so that it was told as a fault of mwm."""
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    assert said in CliRunner().invoke(app, ["export", place]).output


def test_a_copy_without_models_says_so(released) -> None:
    for file in released.iterdir():
        file.unlink()
    done = CliRunner().invoke(app, ["demo"])
    assert done.exit_code == 2
    assert "pretrained: expected the models that mwm comes with, found none" in done.output
    assert not Path("playground.html").exists()
