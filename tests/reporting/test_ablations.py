"""Ablations: the lower direction of every measure, in a table and a figure."""

import csv
import io
from pathlib import Path

import pytest
from format_names import documented, general
from PIL import Image

from mwm import MwmError, UsageError
from mwm.reporting.studies.ablations import report_ablations
from stages import tabulate as stage

MODELS = {"vswap": ["original", "vswap"], "mirror": ["original", "mirror"]}
ROOT = Path(__file__).parents[2]


def test_a_row_per_condition_variant_and_seed(tmp_path, contents, evaluated, monkeypatch):
    lost = {("mirror", "original"): 0.4}
    folders = []
    for name, alignments in (("reference-1", None), ("no_prediction-2", lost)):
        folders.append(str(tmp_path / name))
        (tmp_path / name).mkdir()
        evaluated.func(tmp_path / name / "eval", contents, MODELS, alignments)
    monkeypatch.chdir(ROOT)
    stage.app(["ablations", *folders, "--out", str(tmp_path)], standalone_mode=False)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "ablations.csv").read_text())))
    told = [(row["condition"], row["seed"], row["world"], row["success"]) for row in rows]
    assert told == [
        ("reference", "1", "vswap", "true"),
        ("reference", "1", "mirror", "true"),
        ("no_prediction", "2", "vswap", "true"),
        ("no_prediction", "2", "mirror", "false"),
    ]
    assert {general(name) for name in rows[0]} == set(documented()["experiments/ablations.csv"])
    assert [row["alignment"] for row in rows] == ["0.98", "0.98", "0.98", "0.4"]
    assert rows[3]["reading_ball"] == "upside down"
    with Image.open(tmp_path / "ablations.png") as picture:
        assert picture.width > 500


@pytest.mark.parametrize("name", ["reference", "reference-x"])
def test_a_folder_without_a_seed_is_no_ablation(tmp_path, name):
    """int() of its name ended in a traceback."""
    with pytest.raises(UsageError, match="expected a name of two parts, <condition>-<seed>"):
        report_ablations([tmp_path / name], tmp_path, 80)


def test_ablations_of_games_with_other_objects_are_told(tmp_path, contents, evaluated):
    for name, objects in (("none-1", ("ball",)), ("none-2", ())):
        (tmp_path / name).mkdir()
        evaluated.func(tmp_path / name / "eval", contents, MODELS, objects=objects)
    with pytest.raises(UsageError, match=r"none-2: expected the objects of .*none-1 \(ball\), fo"):
        report_ablations([tmp_path / "none-1", tmp_path / "none-2"], tmp_path, 55)
    assert not (tmp_path / "ablations.csv").exists()


def test_a_missing_ablation_is_told(tmp_path):
    with pytest.raises(MwmError, match="none-1"):
        report_ablations([tmp_path / "none-1"], tmp_path, 80)
    assert list(tmp_path.iterdir()) == []
