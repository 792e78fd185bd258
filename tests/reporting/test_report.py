import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from evaluations import write_report
from forgery import change_record, rewrite
from PIL import Image
from reports import DOT, DRAWING, FIGURES, THREE, Page, leave_out
from typer.testing import CliRunner

from mwm.reporting.run.dreams import dreams_table
from mwm.reporting.run.mirror_test import mirror_table
from mwm.reporting.run.page import page as write_page
from mwm.reporting.shared.pages import Figure
from mwm.reporting.shared.results import read_pairs
from stages import report as stage

PARAMS = Path(__file__).parents[2] / "params.yaml"
FILES = [f"{name}.png" for name in FIGURES] + ["dream.gif", "play.gif"]
DRAWN = dict.fromkeys([*FIGURES, "dream", "play"], Figure(DOT, DOT, 110))
NUMBERS = ("distance", "found")


@pytest.fixture
def undrawn(monkeypatch):
    """The figures of a report are a dot each, for what is not about them."""
    leave_out(monkeypatch, DRAWING)


def _page(folder):
    return Page((folder / "index.html").read_text())


def _picture(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


def test_the_page_needs_no_other_file_no_server_and_no_script(reported):
    page = _page(reported)
    links = [a[key] for _, a in page.tags for key in ("src", "srcset", "href") if key in a]
    assert len(links) == 2 * len(FILES) + 2 * len([name for name in FILES if ".gif" in name])
    assert all(re.match("data:image/(png|gif);base64,", link) for link in links)
    assert "script" not in {tag for tag, _ in page.tags}
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert not re.search("{{|{%|%}", page.text)


def test_films_stand_still_for_readers_who_ask_for_less_motion(reported):
    """They looped for everyone. A source counts only before the one that it is to replace."""
    images = [a for tag, a in _page(reported).tags if tag in ("source", "img")]
    ends = [place for place, each in enumerate(images) if "src" in each]
    still = 0
    for place, end in enumerate(ends):
        picture = images[ends[place - 1] + 1 if place else 0 : end + 1]
        kinds = [
            (each.get("media", ""), each.get("srcset", each.get("src"))[:14]) for each in picture
        ]
        if kinds[-1][1] != "data:image/gif":
            assert not any("motion" in media for media, _ in kinds)
            continue
        still += 1
        slow = "(prefers-reduced-motion: reduce)"
        assert kinds[0] == (f"screen and (prefers-color-scheme: dark) and {slow}", "data:image/png")
        assert kinds[1] == (f"screen and {slow}", "data:image/png")
    assert still == 2


@pytest.mark.parametrize(
    ("alignments", "headline", "verdict"),
    [
        ({}, "Every variant (2 of 2) meets the criterion of success.", "meets it"),
        (
            {("original", "vswap"): 0.3},
            "1 of 2 variants meet the criterion of success; not Γv vswap.",
            "Γv vswapfalls shortalignment; predicted alignment; F1 across: opponent, agent, ball; "
            "reading: opponent, agent, ball",
        ),
        (
            {("original", "vswap"): 0.3, ("mirror", "original"): 0.94},
            "No variant (0 of 2) meets the criterion of success.",
            "falls short",
        ),
    ],
)
def test_success_and_failure_are_told_plainly(evaluated, alignments, headline, verdict):
    pairs = read_pairs(evaluated(THREE, alignments) / "pairs.csv")
    page = Page(write_page(pairs, None, [], DRAWN, [0, 1], True, [], [], 9, None))
    assert headline in page.text
    assert verdict in page.text


def test_names_are_text_and_no_html(evaluated):
    models = {"<i>one</i>": ["original", "vswap"], "other": ["original", "mirror"]}
    folder = evaluated(models, {("original", "vswap"): 0.3}, objects=("<b>",))
    pairs = read_pairs(folder / "pairs.csv")
    page = Page(write_page(pairs, None, [], DRAWN, [0, 1], True, [], [], 9, None))
    assert "model <i>one</i>" in page.text
    assert "falls shortalignment; predicted alignment; F1 across: <b>; reading: <b>" in page.text


def test_the_page_tells_what_it_is_of(reported, three):
    text = _page(reported).text
    assert "gameALE/Pong-v5" in text
    assert "6 of random play, seed 7: 4 to train on, 1 for the learning curves, 1 for all" in text
    assert "schedule anchored: see, anchor, recruit; corresponding inputs; seed 8" in text
    assert "one of 3 worlds" in text
    checksum = json.loads((three / "manifest.json").read_text())["sha256"]
    assert f"git log -S{checksum[:12]} report/index.html finds" in text


def test_the_command_on_the_page_finds_its_revision(reported, tmp_path):
    shutil.copytree(reported, tmp_path / "report")
    command = re.search(r"git log -S\w+ report/index.html", _page(reported).text)[0]
    for told in (["init", "-q"], ["add", "."], ["commit", "-qm", "made"]):
        subprocess.run(["git", *told], cwd=tmp_path, check=True)
    (tmp_path / "report/index.html").write_text("another")
    subprocess.run(["git", "commit", "-qam", "made anew"], cwd=tmp_path, check=True)
    found = subprocess.check_output(command.split(), cwd=tmp_path, text=True)
    assert re.findall(r"^    (.+)", found, re.M) == ["made anew", "made"]


def test_tables_and_figures_scroll_by_themselves_and_figures_stay_legible(reported, settings):
    page = _page(reported)
    boxes = [a for tag, a in page.tags if tag == "div" and a.get("class") == "wide"]
    images = [a for tag, a in page.tags if tag == "img"]
    assert len(boxes) == len(images) + sum(tag == "table" for tag, _ in page.tags)
    for image in images:
        least = int(re.fullmatch(r"max-width: max\(100%, (\d+)px\)", image["style"])[1])
        assert least >= 0.89 * int(image["width"]), "letters of 8 points have 11 pixels"
    width = {a["alt"][:5]: int(a["width"]) for a in images}["Error"]
    shown = _picture(reported / "curves.png").shape[1]
    assert width == pytest.approx(shown * 110 / settings.dpi, abs=1)
    assert all(a["role"] == "region" and a["aria-label"] for a in boxes), "the keyboard stops there"


def test_every_number_of_the_pairs_with_the_original_is_in_the_page(reported):
    text = _page(reported).text
    for number in ("2.56", "2.00", "30.00", "26.50", "25.90", "41.25", "0.980", "0.970", "0.960"):
        assert number in text


def test_the_mirror_test_stands_beside_that_of_worlds_alone(reported):
    text = _page(reported).text
    assert "Γm mirror2%93%2%93%2%93%" in text, "opponent, agent, ball: shared, then alone"


def test_foreign_plays_stand_beside_random_ones(reported):
    text = _page(reported).text
    assert "ball: own F1 / share across" in text
    across = "0.980 / 0.9800.980 / 0.882" * 3
    assert f"Γm mirror0.9800.882{across}" in text, "alignment; opponent, agent, ball"
    assert "Where the ball is lost" in text


def test_without_foreign_plays_nothing_is_said_of_them(evaluated, settings, undrawn, tmp_path):
    folder = evaluated({"anchored": ["original", "mirror"]}, plays=("random",))
    write_report(folder, tmp_path / "report", settings)
    assert "Foreign" not in _page(tmp_path / "report").text
    assert "foreign" not in (tmp_path / "report/metrics.json").read_text()


def test_models_of_the_joint_schedule_are_told_apart(evaluated, settings, undrawn, tmp_path):
    folder = evaluated({"one": ["original", "vswap"], "two": ["original", "mirror"]})
    page = _page(write_report(folder, tmp_path / "report", settings))
    assert "model one" in page.text
    assert "model two" in page.text


def test_an_unlisted_game_and_worlds_of_ones_own_are_reported_too(evaluated, settings, tmp_path):
    worlds = ["original", "quarter_turn", "x" * 32]
    names = dict.fromkeys(worlds[1:], "mirror")
    folder = evaluated({"anchored": worlds}, objects=(), names=names)
    page = _page(write_report(folder, tmp_path / "report", settings))
    assert "Γo → quarter_turn" in page.text
    assert "No objects are listed for this game" in page.text
    assert "F1" not in page.text
    assert "For this game none are listed, so there is nothing to measure" in page.text
    assert "The mirror test" not in page.text
    assert len([tag for tag, _ in page.tags if tag == "img"]) == len(FILES) - 2, (
        "no dreams, no field"
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 5])
def test_games_of_few_and_of_many_objects_are_reported(evaluated, settings, tmp_path, count):
    names = ("agent", "ball", "opponent", "left", "right")[:count]
    folder = evaluated({"anchored": ["original", "mirror"]}, objects=names)
    page = _page(write_report(folder, tmp_path / "report", settings))
    assert ("a single one is listed, so it says nothing" in page.text) == (count == 1)
    assert all(f"{name}Γo → Γmright0.960" in page.text for name in names)


def test_an_object_that_no_frame_shows_has_a_dash_and_an_empty_chart(
    evaluated, settings, tmp_path, monkeypatch
):
    leave_out(monkeypatch, {*DRAWING} - {"alignment_figure", "dreams_figure"})
    folder = evaluated({"anchored": ["original", "mirror"]}, objects=("agent", "ball"))
    for name, columns in (
        ("pairs", ("f1_ball", "own_f1_ball", "distance_ball", "found_ball")),
        ("dreams", [f"{of}{number}" for of in ("", "own_", "copy_") for number in NUMBERS]),
    ):
        path = folder / f"{name}.csv"
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        unseen = [row for row in rows if row.get("object", "ball") == "ball"]
        for row in unseen:
            row.update(dict.fromkeys(columns, ""))
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        rewrite(path, text.getvalue())
    page = _page(write_report(folder, tmp_path / "report", settings))
    assert "0.960 / 0.980– / –" in page.text
    assert "ball_f1_min" not in (tmp_path / "report/metrics.json").read_text()


def test_runs_that_were_never_validated_leave_a_chart_without_lines(
    three, reported, settings, tmp_path, monkeypatch
):
    leave_out(monkeypatch, {*DRAWING} - {"curves_figure"})
    folder = Path(shutil.copytree(three, tmp_path / "eval"))
    head = (folder / "curves.csv").read_text().splitlines()[0]
    rewrite(folder / "curves.csv", f"{head}\n")
    write_report(folder, tmp_path / "report", settings)
    empty, drawn = (_picture(f / "curves.png") for f in (tmp_path / "report", reported))
    assert (empty < 200).sum() < 0.7 * (drawn < 200).sum()


def test_the_strip_shows_the_frames_of_the_film(reported, contents, settings):
    places = np.lib.stride_tricks.sliding_window_view(_picture(reported / "strip.png"), (64, 64))
    for world in ("original", "vswap"):
        frame = contents[world].frames[20 + settings.strip_start]
        shown = 12 + np.unpackbits(frame).reshape(64, 64) * 236
        corners = np.argwhere((places[:, :, ::9, ::9] == shown[::9, ::9]).all(axis=(2, 3)))
        found = [(y, x) for y, x in corners if np.array_equal(places[y, x], shown)]
        assert found, world
        on = np.unpackbits(frame).astype(int)
        drawn = 12 + (on * 200 + np.roll(on, 1) * 40) * 236 // 255  # what is decoded, in `evaluate`
        below = 66  # at 55 dpi
        assert any(np.array_equal(places[y + below, x].ravel(), drawn) for y, x in found), world


@pytest.mark.parametrize(("film", "first"), [("play", 20), ("dream", 29)])
def test_the_animations_show_all_frames_at_the_speed_of_play(reported, contents, film, first):
    frames, milliseconds = [], 0
    with Image.open(reported / f"{film}.gif") as gif:
        for number in range(gif.n_frames):
            gif.seek(number)
            frames.append(np.asarray(gif.convert("L")))
            milliseconds += gif.info["duration"]
    assert milliseconds == (60 - first) * 70
    last = 12 + np.unpackbits(contents["mirror"].frames[59]).reshape(64, 64) * 236
    places = np.lib.stride_tricks.sliding_window_view(frames[-1], (64, 64))
    assert (places[:, :, ::9, ::9] == last[::9, ::9]).all(axis=(2, 3)).any()


def test_dreams_are_told_of_the_worst_pair_of_worlds_and_by_kind(reported):
    text = _page(reported).text
    assert "objectframes15" in text
    for line in ("ballnever away since", "ballaway, and back", "agentnever away since"):
        assert f"{line}0.788 / 2.000.344 / 6.00" in text, "of a pair of different worlds"
    assert "agentaway, and back" not in text
    assert "all frames0." not in text
    assert "A dream in motion, 31 steps." in text


@pytest.mark.slow
def test_the_figures_grow_with_the_resolution(three, reported, settings, tmp_path):
    large = write_report(three, tmp_path, settings.model_copy(update={"dpi": 110}))
    for name in FIGURES:
        height, width = _picture(reported / f"{name}.png").shape
        twice = (2 * height, 2 * width)
        assert _picture(large / f"{name}.png").shape == pytest.approx(twice, abs=2)


@pytest.fixture
def project(three, tmp_path, monkeypatch):
    """A folder with params.yaml, as `settings` has them, and eval/."""
    shutil.copytree(three, tmp_path / "eval")
    text = (
        PARAMS.read_text()
        .replace("strip_start: null", "strip_start: 5")
        .replace("strip_frames: 8", "strip_frames: 3")
        .replace("dpi: 110", "dpi: 55")
    )
    (tmp_path / "params.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_stage_writes_what_it_says_and_of_the_same_inputs_the_same_bytes(project, reported):
    assert CliRunner().invoke(stage.app, []).exit_code == 0
    names = {"index.html", *FILES}
    assert {path.name for path in (project / "report").iterdir()} == names
    for name in names:
        assert (project / "report" / name).read_bytes() == (reported / name).read_bytes()
    assert (project / "metrics.json").read_bytes() == (reported / "metrics.json").read_bytes()
    assert json.loads((project / "metrics.json").read_text())["alignment_min"] == 0.98


@pytest.mark.parametrize(
    ("spoil", "code", "told"),
    [
        (lambda p: (p / "eval/pairs.csv").unlink(), 1, "eval/pairs.csv: not found"),
        (lambda p: (p / "eval/curves.csv").unlink(), 1, "eval/curves.csv: not found"),
        (lambda p: (p / "eval/film.h5").unlink(), 1, "eval/film.h5: not found"),
        (lambda p: (p / "eval/dreams.csv").unlink(), 1, "eval/dreams.csv: not found"),
        (lambda p: rewrite(p / "eval/mirror_test.csv", "model\n"), 1, "a column 'world'"),
        (
            lambda p: (p / "eval/film.h5").write_bytes(b"x"),
            1,
            "expected an HDF5 file with a checksum",
        ),
        (lambda p: rewrite(p / "eval/curves.csv", "pair\n"), 1, "column 'run'"),
        (lambda p: shutil.copy(p / "eval/pairs.csv", p / "eval/curves.csv"), 1, "other bytes"),
        (lambda p: (p / "eval/manifest.json").unlink(), 1, "eval/manifest.json: not found"),
        (
            lambda p: change_record(p / "eval/manifest.json", origin=None),
            1,
            "eval/manifest.json: expected what the evaluation is of",
        ),
        (
            lambda p: (p / "params.yaml").write_text(
                (p / "params.yaml").read_text().replace("strip_start: 5", "strip_start: 38")
            ),
            2,
            "params.yaml: report: expected a strip within the film's 40 frames",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_and_writes_nothing(project, spoil, code, told):
    spoil(project)
    result = CliRunner().invoke(stage.app, [])
    assert result.exit_code == code
    assert result.stderr.startswith("error: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (project / "report").is_dir()
    assert not (project / "metrics.json").exists()


def test_a_report_that_cannot_be_written_is_told_in_one_line(project, undrawn):
    (project / "report").write_text("")
    result = CliRunner().invoke(stage.app, [])
    assert result.exit_code == 1
    assert re.fullmatch(r"error: .*cannot be written.*\n", result.stderr)
    assert not (project / "metrics.json").exists()


def test_a_share_of_dreams_is_that_of_the_frames_that_were_counted() -> None:
    """6 of 20 was told as 0.299, since both shares have six digits."""
    words = {"model": "anchored", "source": "a", "target": "a", "object": "ball", "kind": "same"}
    numbers = {
        "step": 50.0,
        "frames": 21.0,
        "distance": 1.0,
        "found": 0.285714,
        "own_found": 0.952381,
    }
    (line,) = dreams_table([(words, numbers)]).bodies[0].lines
    assert str(line.cells[0]).startswith("0.300")


def test_the_mirror_test_has_a_part_per_model_and_one_control() -> None:
    """Of several models the last one's original stood for all."""
    rows = [
        ({"model": model, "world": "original", "object": "agent"}, {"marked": marked})
        for model, marked in (("one", 0.99), ("two", 0.2), ("alone", 0.4), ("alone", 0.6))
    ]
    bodies = mirror_table(rows).bodies
    assert [body.title for body in bodies] == ["model one", "model two"]
    assert [body.lines[0].cells for body in bodies] == [["99%", "50%"], ["20%", "50%"]]
