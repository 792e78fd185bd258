"""Every stage from `evaluate` on works with any number of objects, seen or never seen."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import brief
import plain_yaml
import pytest

from mwm.__main__ import app as mwm
from mwm.io.frames import Frames, write_frames
from stages import evaluate, report

OPPONENT, BALL, AGENT = [0, 0, 64, 8], [0, 8, 64, 54], [0, 54, 64, 64]
GAMES = {
    "none": {},
    "one": {"ball": BALL},
    "two": {"opponent": OPPONENT, "agent": AGENT},
    "three": {"opponent": OPPONENT, "ball": BALL, "agent": AGENT},
    "five": {
        "opponent": OPPONENT,
        "left": [0, 8, 64, 20],
        "middle": [0, 20, 64, 40],
        "right": [0, 40, 64, 54],
        "agent": AGENT,
    },
    "one never seen": {"ghost": [0, 30, 1, 31]},
    "two, one never seen": {"ghost": [0, 30, 1, 31], "agent": AGENT},
}


def enter(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(folder)
    patch.delenv("DVC_ROOT", raising=False)


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, worlds: Path) -> Path:
    """A project with one run, hardly trained."""
    folder = tmp_path_factory.mktemp("trained")
    values = brief.of_one_run()
    values["evaluate"]["film"] = 20
    values["report"] |= {"strip_frames": 3, "dpi": 55}
    (folder / "params.yaml").write_text(plain_yaml.text(values))
    shutil.copytree(worlds, folder / "data/worlds")
    with pytest.MonkeyPatch.context() as patch:
        enter(folder, patch)
        brief.train_one_run()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("game", GAMES)
def test_a_game_has_any_number_of_objects(
    game: str,
    trained: Path,
    contents: dict[str, Frames],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path(shutil.copytree(trained, tmp_path / "project"))
    enter(folder, monkeypatch)
    for world in brief.WORLDS:
        attributes = {**contents[world].attributes, "objects": json.dumps(GAMES[game])}
        content = replace(contents[world], attributes=attributes)
        write_frames(folder / "data/worlds" / f"{world}.h5", content, "world")
    brief.run(evaluate.app)
    brief.run(report.app)
    brief.run(mwm, "compare", "workspace", str(folder))

    metrics = json.loads((folder / "metrics.json").read_text())
    pairs = lines(folder / "eval/pairs.csv")
    marks = lines(folder / "eval/mirror_test.csv")
    assert [row["object"] for row in marks[: len(GAMES[game])]] == list(GAMES[game])
    for name in GAMES[game]:
        seen = name != "ghost"
        assert (f"{name}_f1_min" in metrics) == seen
        assert {bool(row[f"f1_{name}"]) for row in pairs} == {seen}
        assert ({row[f"reading_{name}"] for row in pairs} == {"absent"}) != seen
    assert all((row["marked"] == "") == (len(GAMES[game]) == 1) for row in marks)
    assert (folder / "report/dreams.png").read_bytes().startswith(b"\x89PNG")
