"""What is told of scores: shares of the source's, and words where there are none."""

import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mwm import MwmError
from mwm.io import records
from mwm.io.film import Game, write_game
from mwm.io.tables import write_csv
from mwm.reporting.control.page import table, told
from mwm.reporting.control.report import report_control, summarise
from mwm.reporting.control.results import read_results


def scores(folder: Path, world: str, *rows: tuple[str, float, float]) -> Path:
    """A folder of scores, and a game of noise."""
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = [
        {"world": world, "vision": vision, "games": 100, "score": score, "margin": margin}
        | {"steps": 1, "ball_f1": 0.5, "agent_f1": None}
        for vision, score, margin in rows
    ]
    write_csv(folder / "scores.csv", lines)
    noise = np.random.default_rng(0).integers(256, size=(40, 512), dtype=np.uint8)
    write_game(folder / "game.h5", Game(world, noise, np.zeros(40)))
    records.write_manifest(folder, ["scores.csv"])
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """A player that scores 10 at home, where chance scores -20."""
    control = tmp_path / "control"
    control.mkdir()
    rows = [
        {"iteration": i, "steps": 100 * i, "games": i % 3, "score": i - 9 if i % 3 else None}
        for i in range(1, 9)
    ]
    write_csv(control / "training.csv", rows)
    records.write_manifest(
        control, ["training.csv"], {"control": {"opponent": "foreign"}, "frame_skip": 8}
    )
    return [
        scores(tmp_path / "original", "original", ("own", 10.0, 1.0), ("random", -20.0, 0.2)),
        scores(tmp_path / "a", "mirror", ("recruited", 8.5, 1.5), ("alone", -20.0, 0.3)),
        scores(tmp_path / "b", "quarter_turn", ("recruited", 11.5, 1.2), ("10 pairs", -12.5, 3.0)),
    ]


def test_shares_are_of_what_is_above_chance(folders) -> None:
    results = read_results(folders)
    shares = {(r.world, r.vision): results.share(r) for r in results.away}
    assert shares["mirror", "recruited"] == pytest.approx(28.5 / 30)
    assert shares["mirror", "alone"] == 0
    assert shares["quarter_turn", "recruited"] > 1
    assert shares["quarter_turn", "10 pairs"] == pytest.approx(0.25)
    assert told(results, results.away[0]) == "95 ± 5%"
    assert summarise(results) == {
        "score": 10.0,
        "score_random": -20.0,
        "transferred_min": 0.95,
        "transferred_mirror": 0.95,
        "transferred_quarter_turn": 1.05,
    }
    bodies = table(results).bodies
    assert [body.title for body in bodies] == ["original", "mirror", "quarter_turn"]
    assert bodies[1].lines[0].cells == ["100", "8.5 ± 1.5", "95 ± 5%", "0.50", "–"]
    assert bodies[2].lines[1].name == "trained alone, mapped linearly by 10 pairs"


def test_shares_are_rounded_down_as_everywhere(tmp_path: Path) -> None:
    """The page said 99% where README and docs say 98%, and -0%."""
    home = scores(tmp_path / "o", "original", ("own", 18.46, 0.4), ("random", -20.31, 0.2))
    away = scores(tmp_path / "m", "vswap", ("recruited", 17.95, 0.4), ("original's", -20.32, 0.1))
    results = read_results([home, away])
    assert told(results, results.away[0]) == "98 ± 1%"
    assert table(results).bodies[1].lines[1].cells[1:3] == ["−20.3 ± 0.1", "−1 ± 0%"]


def test_home_is_where_the_player_learned(folders, tmp_path: Path) -> None:
    """Not always the original, of which all texts of the page once spoke."""
    home = scores(tmp_path / "h", "mirror", ("own", 10.0, 1.0), ("random", -20.0, 0.2))
    away = scores(tmp_path / "o", "original", ("recruited", 8.5, 1.5), ("mirror's", -20.0, 0.1))
    results = read_results([home, away])
    bodies = table(results).bodies
    assert [body.title for body in bodies] == ["mirror", "original"]
    assert bodies[0].lines[0].name == "mirror's own V, with which it learned"
    assert bodies[1].lines[0].name == "the original's own, with which all others were aligned"
    assert bodies[1].lines[1].name == "mirror's, on frames of another world"
    report_control(
        *(tmp_path / "control", [home, away], tmp_path, tmp_path / "x.json", 60, "corresponding")
    )
    page = html.unescape((tmp_path / "control.html").read_text())
    assert "10.0 ± 1.0 points a game in mirror, and keeps 95 ± 5% of that in original" in page
    assert "which like mirror's was aligned with the original's" in page
    assert page.count("the original") == 3


def test_a_player_that_learned_nothing_keeps_no_share(tmp_path: Path) -> None:
    home = scores(tmp_path / "o", "original", ("own", -21.0, 0.0), ("random", -20.5, 0.2))
    away = scores(tmp_path / "m", "mirror", ("recruited", -21.0, 0.0))
    results = read_results([home, away])
    assert told(results, results.away[0]) == "–"
    assert summarise(results)["transferred_min"] is None


def test_files_are_written_once_all_is_drawn(folders, tmp_path: Path) -> None:
    out = tmp_path / "report"
    out.mkdir()
    report_control(
        tmp_path / "control", folders, out, tmp_path / "transfer.json", 60, "corresponding"
    )
    names = {"control.html", "learning.png", "playing.gif", "scores.png"}
    assert {path.name for path in out.iterdir()} == names
    page = (out / "control.html").read_text()
    assert "10.0 ± 1.0 points a game in the original, and keeps 95 ± 5% of that in mirror" in page
    assert "That V learned from the same plays" in page
    assert "the opponent's bat is that of another frame" in page
    assert json.loads((tmp_path / "transfer.json").read_text())["transferred_min"] == 0.95
    with Image.open(out / "playing.gif") as film:
        assert film.info["duration"] == 130, "eight of 60 frames a second"
    first = {name: (out / name).read_bytes() for name in names}
    report_control(
        tmp_path / "control", folders, out, tmp_path / "transfer.json", 60, "corresponding"
    )
    assert {name: (out / name).read_bytes() for name in names} == first


def test_steps_are_told_of_the_whole_training(folders, tmp_path: Path) -> None:
    """Once they were those until the last game that ended."""
    rows = [{"iteration": i, "steps": 100 * i, "games": 0, "score": None} for i in range(1, 9)]
    write_csv(tmp_path / "control" / "training.csv", rows)
    told = {"control": {"opponent": "shown"}, "frame_skip": 4}
    records.write_manifest(tmp_path / "control", ["training.csv"], told)
    report_control(
        tmp_path / "control", folders, tmp_path, tmp_path / "transfer.json", 60, "corresponding"
    )
    assert "from 800 steps of" in (tmp_path / "control.html").read_text()


def test_a_note_tells_what_the_tables_do_not_know(folders, tmp_path: Path) -> None:
    """The pages before and after practice had the same words."""
    report_control(
        *(tmp_path / "control", folders, tmp_path, tmp_path / "transfer.json", 60, "independent"),
        note="Its V learned on from the player's plays & no others.",
    )
    page = (tmp_path / "control.html").read_text()
    assert "by the ball. Its V learned on from the player&#39;s plays &amp; no others.</p>" in page


def test_scores_without_what_they_are_compared_with_are_refused(folders, tmp_path: Path) -> None:
    home = scores(tmp_path / "x", "original", ("own", 1.0, 1.0))
    with pytest.raises(
        MwmError, match=r"expected the original's rows own and random, found none of random"
    ):
        read_results([home, *folders[1:]])
    write_csv(folders[1] / "scores.csv", [{"world": "mirror", "vision": "x", "games": "many"}])
    records.write_manifest(folders[1], ["scores.csv"])
    with pytest.raises(MwmError, match=r"a/scores\.csv:2: expected a score, found"):
        read_results(folders)
