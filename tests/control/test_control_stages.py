"""The stages control, transfer and tabulate on a small project: files, repetition, refusals."""

import csv
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import brief
import numpy as np
import plain_yaml
import pytest
from closure import ROOT
from typer.testing import CliRunner

from mwm.io.film import read_game
from mwm.io.frames import read_frames, write_frames
from mwm.io.hdf5 import read_attributes, reading_h5
from stages import control, playground, practise, pretrained, tabulate, transfer

SCORES = "runs/transfer/{}/scores.csv"


@pytest.fixture(scope="module")
def played(tmp_path_factory, worlds: Path) -> Path:
    """A folder in which all of it has run once."""
    folder = tmp_path_factory.mktemp("played")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DVC_ROOT", str(folder))
        (folder / "data").mkdir()
        (folder / "data" / "worlds").symlink_to(worlds)
        Path("params.yaml").write_text(plain_yaml.text(brief.of_one_run()))
        brief.train_one_run()
        brief.play_one_run()
    return folder


@pytest.fixture
def inside(played: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder, as the current one."""
    monkeypatch.chdir(played)
    monkeypatch.setenv("DVC_ROOT", str(played))
    return played


@pytest.mark.slow
def test_every_v_has_a_row(inside: Path) -> None:
    rows = {
        name: list(csv.DictReader(Path(SCORES.format(name)).read_text().splitlines()))
        for name in ("original", "mirror")
    }
    assert [row["vision"] for row in rows["original"]] == ["own", "random"]
    others = ["recruited", "alone", "10 pairs", "100 pairs", "1000 pairs", "original's"]
    assert [row["vision"] for row in rows["mirror"]] == others
    for row in rows["original"] + rows["mirror"]:
        assert row["games"] == "2"
        assert -21 <= float(row["score"]) <= 21
        assert all(
            0 <= float(row[f"{name}_f1"] or 0) <= 1 for name in ("opponent", "ball", "agent")
        )
    games = list(csv.DictReader(Path("runs/transfer/mirror/games.csv").read_text().splitlines()))
    assert len(games) == 12
    with reading_h5(Path("runs/transfer/mirror/game.h5"), "game") as file:
        assert read_attributes(file)["world"] == "mirror"
    assert len(read_game(Path("runs/transfer/mirror/game.h5")).frames) == 120


@pytest.mark.slow
def test_a_policy_may_be_learned_in_another_world(inside: Path, tmp_path: Path) -> None:
    """It is scored there, and in the original by the V that was aligned with its own."""
    shutil.copytree("runs", tmp_path / "runs", ignore=shutil.ignore_patterns("control", "transfer"))
    there = ("--runs", str(tmp_path / "runs"))
    brief.run(control.app, "mirror", *there)
    brief.run(transfer.app, "home", *there)
    brief.run(transfer.app, "away", "original", *there)
    about = json.loads((tmp_path / "runs" / "control" / "manifest.json").read_text())
    assert about["world"] == "mirror"
    rows = {
        name: list(csv.DictReader((tmp_path / SCORES.format(name)).read_text().splitlines()))
        for name in ("mirror", "original")
    }
    assert [row["vision"] for row in rows["mirror"]] == ["own", "random"]
    others = ["recruited", "alone", "10 pairs", "100 pairs", "1000 pairs", "mirror's"]
    assert [row["vision"] for row in rows["original"]] == others
    games = {
        name: read_game(tmp_path / "runs" / "transfer" / name / "game.h5").frames
        for name in ("mirror", "original")
    }
    mirror = read_frames(Path("data/worlds/mirror.h5"), "world")
    original = read_game(Path("runs/transfer/original/game.h5")).frames
    assert np.array_equal(games["mirror"][0], mirror.show(original[:1])[0]), "chance is the same"
    assert np.array_equal(games["original"][0], original[0])
    out = ("--out", str(tmp_path / "report"), "--metrics", str(tmp_path / "transfer.json"))
    brief.run(tabulate.app, "transfer", *there, *out)
    told = json.loads((tmp_path / "transfer.json").read_text())
    assert set(told) == {"score", "score_random", "transferred_min", "transferred_original"}
    assert "points a game in mirror" in (tmp_path / "report" / "control.html").read_text()
    plays = ("--base", str(tmp_path / "runs"), "--plays", "data/worlds", "--episodes", "2")
    for world in ("original", "mirror"):  # by V of runs/anchor, and by the player's own
        brief.run(practise.app, "play", world, *plays, "--data", str(tmp_path / "worlds"))
    for app, output in ((pretrained.app, "pretrained"), (playground.app, "page.html")):
        done = CliRunner().invoke(app, [*there, "--out", str(tmp_path / output)])
        assert "expected a player that learned with the runs' V of the original" in done.output
        assert done.exit_code == 1
    done = CliRunner().invoke(transfer.app, ["away", "mirror", *there])
    assert done.exit_code == 2
    assert "away mirror: expected another world than mirror, where the player" in done.output


@pytest.mark.slow
def test_the_page_tells_what_was_kept(inside: Path) -> None:
    page = Path("report/control.html").read_text()
    told = json.loads(Path("transfer.json").read_text())
    assert set(told) == {"score", "score_random", "transferred_min", "transferred_mirror"}
    assert "Learned in one world, played in all" in page
    assert f"{told['score']:.1f}" in page
    assert all(
        Path("report", name).stat().st_size
        for name in ("scores.png", "learning.png", "playing.gif")
    )


@pytest.mark.slow
def test_the_same_bytes_twice(inside: Path) -> None:
    """Once more without checkpoints, by another number of processes."""
    before = {path: path.read_bytes() for path in sorted(Path("runs/transfer").rglob("*.*"))}
    before |= {path: path.read_bytes() for path in sorted(Path("runs/control").iterdir())}
    Path(".mwm/checkpoints/control").rename("elsewhere")
    brief.run(control.app, "--workers", "1")
    brief.run(transfer.app, "home", "--workers", "1")
    brief.run(transfer.app, "away", "mirror", "--workers", "1")
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
def test_the_code_of_the_page_runs(inside: Path) -> None:
    page = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    Path("page.py").write_text(block)
    done = subprocess.run([sys.executable, "page.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_run_of_another_anchor_is_refused(inside: Path, tmp_path: Path) -> None:
    """Its codes would mean nothing to the player."""
    from mwm.models.model import initialise, load, save

    shutil.copytree("runs", tmp_path / "runs")
    model = load(Path("runs/mirror"))
    other = initialise(model.config, model.worlds, model.actions, seed=9)
    save(other, tmp_path / "runs" / "mirror", {})
    done = CliRunner().invoke(transfer.app, ["away", "mirror", "--runs", str(tmp_path / "runs")])
    assert done.exit_code == 1
    assert "runs/mirror: expected the player's M, found another" in done.output


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["foreign", "erased"])
def test_a_mask_of_another_box_needs_another_training(
    inside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A finished training was taken for that of a mask which covers more."""
    values = brief.of_one_run()
    values["control"]["opponent"] = kind
    for name in ("again", "new"):
        shutil.copytree("runs/anchor", tmp_path / name / "runs/anchor")
        shutil.copytree("data/worlds", tmp_path / name / "data/worlds")
        (tmp_path / name / "params.yaml").write_text(plain_yaml.text(values))

    def learned(name: str, right: int) -> bytes:
        monkeypatch.chdir(tmp_path / name)
        monkeypatch.setenv("DVC_ROOT", str(tmp_path / name))
        path = Path("data/worlds/original.h5")
        content = read_frames(path, "world")
        objects = {**json.loads(content.attributes["objects"]), "opponent": [0, 0, 64, right]}
        path.unlink()
        attributes = {**content.attributes, "objects": json.dumps(objects)}
        write_frames(path, replace(content, attributes=attributes), "world")
        brief.run(control.app)
        return Path("runs/control/player.safetensors").read_bytes()

    narrow, wide = learned("again", 8), learned("again", 60)
    assert wide != narrow
    assert wide == learned("new", 60)


@pytest.mark.slow
def test_more_processes_than_games_of_a_row_are_as_many_as_games(inside: Path) -> None:
    """A row of 25 games once ended a transfer of 100 games by 32 processes, with all rows lost."""
    before = Path(SCORES.format("original")).read_bytes()
    brief.run(transfer.app, "home", "--workers", "3")
    assert Path(SCORES.format("original")).read_bytes() == before


def test_a_transfer_of_what_is_no_run_is_refused(project: Path) -> None:
    """`away anchor` once ended in a traceback: its model has one world."""
    Path("params.yaml").write_text(plain_yaml.text(brief.of_one_run()))
    done = CliRunner().invoke(transfer.app, ["away", "anchor"])
    assert done.exit_code == 2
    assert "train.runs has no 'anchor'; expected one of mirror" in done.output
    assert not Path("runs").exists()


@pytest.mark.slow
def test_a_world_of_other_moments_is_refused_before_a_game(inside: Path, tmp_path: Path) -> None:
    """Of such frames pairs would be unrelated, and their scores mean nothing."""
    shutil.copytree("data/worlds", tmp_path / "worlds")
    path = tmp_path / "worlds" / "mirror.h5"
    content = read_frames(path, "world")
    path.unlink()
    write_frames(path, replace(content, actions=content.actions[::-1].copy()), "world")
    done = CliRunner().invoke(transfer.app, ["away", "mirror", "--data", str(tmp_path / "worlds")])
    assert done.exit_code == 1
    assert "to show the same moments, found other actions in mirror.h5" in done.output
    assert "games" not in done.output


def test_models_of_the_joint_schedule_are_refused(project: Path) -> None:
    made = brief.of_one_run()
    made["train"]["run"]["schedule"] = "joint"
    Path("params.yaml").write_text(plain_yaml.text(made))
    done = CliRunner().invoke(control.app, [])
    assert done.exit_code == 2
    assert "error: control: expected train.run.schedule: anchored" in done.output
    assert not Path("runs").exists()
