"""Memories: how long dreams hold, of the worst of the pairs, by what was changed of M."""

import csv
import io
from pathlib import Path

import pytest
from PIL import Image

from mwm import MwmError, UsageError
from mwm.reporting.studies.memories import memory_rows, report_memories
from stages import tabulate as stage

MODELS = {"mirror": ["original", "mirror"]}
ROOT = Path(__file__).parents[2]
NAMES = ("32-latent-predicted", "256-change-dreamed")


@pytest.fixture
def folders(tmp_path, contents, evaluated) -> list[Path]:
    for name in NAMES:
        (tmp_path / name).mkdir()
        evaluated.func(tmp_path / name / "eval", contents, MODELS)
    return [tmp_path / name for name in NAMES]


def test_a_row_per_memory_object_kind_and_step(tmp_path, folders, monkeypatch):
    monkeypatch.chdir(ROOT)
    stage.app(["memories", *map(str, folders), "--out", str(tmp_path)], standalone_mode=False)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "memories.csv").read_text())))
    assert {"-".join((r["units"], r["predicts"], r["steps"])) for r in rows} == set(NAMES)
    with (folders[0] / "eval" / "dreams.csv").open() as file:
        dreams = list(csv.DictReader(file))
    for row in rows:
        pairs = [
            each
            for each in dreams
            if all(each[key] == row[key] for key in ("object", "kind", "step"))
        ]
        shares = [
            float(each["found"]) / float(each["own_found"])
            for each in pairs
            if each["found"] and float(each["own_found"] or 0)
        ]
        assert row["found"] == (str(round(min(shares), 6)) if shares else "")
        distances = [float(each["distance"]) for each in pairs if each["distance"]]
        assert row["distance"] == (str(max(distances)) if distances else "")
    assert len(rows) == len({tuple(row.values())[:6] for row in rows}) > 0
    with Image.open(tmp_path / "memories.png") as picture:
        assert picture.width > 500


def test_a_missing_or_misnamed_memory_is_told(tmp_path):
    with pytest.raises(MwmError, match="32-latent-dreamed"):
        report_memories([tmp_path / "32-latent-dreamed"], tmp_path, 80)
    with pytest.raises(UsageError, match="m: expected a name of three parts, <units>"):
        memory_rows(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []
