"""What evaluation writes: one model of six worlds, its film, its curves."""

import csv
import json
import threading
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from forgery import rewrite

from mwm import MwmError
from mwm.evaluation import measurements
from mwm.evaluation.assemble import assemble
from mwm.evaluation.film import make_film
from mwm.evaluation.measurements import measure
from mwm.evaluation.scenes import choose
from mwm.evaluation.tables import CURVE_ROWS, gather_curves
from mwm.io import records
from mwm.io.film import write_films
from mwm.io.tables import write_csv
from mwm.models.model import initialise, save


def runs(folder: Path, defaults, names: dict[str, int]) -> list[Path]:
    """Untrained runs: name of the variant, and seed of the anchor."""
    for name, seed in names.items():
        model = initialise(defaults.train.model, ["original", name], 6, seed)
        save(model, folder / name, {})
    return [folder / name for name in names]


def test_recruits_of_one_anchor_are_one_model(tmp_path, defaults):
    folders = runs(tmp_path, defaults, {"mirror": 0, "invert": 0})
    models = assemble(folders, one_anchor=True)
    assert list(models) == ["anchored"]
    assert models["anchored"].worlds == ["original", "mirror", "invert"]


def test_recruits_of_two_anchors_are_refused(tmp_path, defaults):
    folders = runs(tmp_path, defaults, {"mirror": 0, "invert": 1})
    with pytest.raises(MwmError, match=r"invert: expected the anchor of .*mirror, found another"):
        assemble(folders, one_anchor=True)


def test_joint_runs_are_models_of_their_own(tmp_path, defaults):
    folders = runs(tmp_path, defaults, {"mirror": 0, "invert": 1})
    assert {n: m.worlds for n, m in assemble(folders, one_anchor=False).items()} == {
        "mirror": ["original", "mirror"],
        "invert": ["original", "invert"],
    }


def test_measurements_side_by_side_are_those_one_by_one(tmp_path, defaults, contents):
    worlds = {w: contents[w] for w in ("original", "mirror")}
    model = initialise(defaults.train.model, worlds, 6, seed=0)
    for world in worlds:
        save(initialise(defaults.train.model, [world], 6, seed=1), tmp_path / world, {})
    changes = {"frames": 200, "film": 20, "length": 5, "dream": 7}
    settings = defaults.evaluate.model_copy(update=changes)
    made = [measure({"one": model}, worlds, worlds, tmp_path, settings, count) for count in (1, 4)]
    assert [repr(tables) for tables, _ in made[:1]] == [repr(tables) for tables, _ in made[1:]]
    measured = {table for table, rows in made[0][0].items() if rows}
    assert measured >= {"pairs.csv", "foreign.csv", "dreams.csv", "field.csv", "mirror_test.csv"}


def test_a_measurement_that_fails_waits_for_those_at_work(
    tmp_path, defaults, contents, monkeypatch
):
    """Python ended while a thread computed, and aborted instead of leaving with 1."""
    begun, ended = threading.Event(), threading.Event()

    def fail():
        assert begun.wait(10)
        raise MwmError("too short")

    def work():
        begun.set()
        time.sleep(0.3)
        ended.set()
        return []

    planned = [("pairs.csv", fail), ("dreams.csv", work)]
    monkeypatch.setattr(measurements, "_plan", lambda *given: planned)
    with pytest.raises(MwmError, match="too short"):
        measure({"one": None}, contents, {}, tmp_path, defaults.evaluate, workers=2)
    assert ended.is_set()


def test_film_holds_truth_decodings_of_the_original_s_latents_and_dreams(
    tmp_path, defaults, contents
):
    worlds = {w: contents[w] for w in ("original", "mirror")}
    model = initialise(defaults.train.model, worlds, 6, seed=0)
    settings = defaults.evaluate.model_copy(update={"film": 20, "length": 5, "dream": 7})
    scenes = choose(contents["original"], settings)
    film = make_film(model, worlds, scenes)
    for place, frames in enumerate(worlds.values()):
        assert np.array_equal(film.truth[place], frames.frames[scenes.film])
        assert np.array_equal(film.dream_truth[place], frames.frames[scenes.dreamt])
    assert (film.decoded.shape, film.dream.shape) == ((2, 20, 4096), (2, 7, 4096))
    with torch.no_grad():
        vision = model.vision("original")
        code = vision.encode(vision.unpack(torch.from_numpy(film.truth[0])))[0]
        expected = torch.sigmoid(model.vision("mirror").decode(code)) * 255
        assert np.abs(film.decoded[1] - expected.numpy()).max() <= 0.51
        vision = model.vision("mirror")
        z = vision.encode(vision.unpack(torch.from_numpy(worlds["mirror"].frames[scenes.seen])))[0]
        for moment in range(7):
            before = torch.from_numpy(
                contents["original"].actions[scenes.seen[0] :][: len(z)].astype(np.int64)
            )
            z = torch.cat([z, model.memory(z[None], before[None])[0][0, -1:]])
            expected = torch.sigmoid(vision.decode(z[-1:]))[0] * 255
            assert np.abs(film.dream[1, moment] - expected.numpy()).max() <= 0.6
    for name in ("a.h5", "b.h5"):
        write_films(tmp_path / name, {"anchored": film})
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with h5py.File(tmp_path / "a.h5") as file:
        assert json.loads(file["anchored"].attrs["worlds"]) == ["original", "mirror"]


def test_tables_write_truth_values_and_gaps_plainly(tmp_path):
    write_csv(tmp_path / "t.csv", [{"a": 1, "b": None, "c": True}, {"a": 2, "d": False}])
    assert (tmp_path / "t.csv").read_text() == "a,b,c,d\n1,,true,\n2,,,false\n"


def test_curves_of_all_runs_are_thinned_and_keep_their_last_row(tmp_path):
    for name in ("mirror", "invert"):
        rows = [
            {"iteration": k, "source": s, "target": "x", "transfer": k}
            for k in range(1, 1001)
            for s in ("original", name)
        ]
        write_csv(tmp_path / name / "validation.csv", rows)
        records.write_manifest(tmp_path / name, ["validation.csv"])
    curves = gather_curves([tmp_path / "mirror", tmp_path / "invert"])
    assert len(curves) <= CURVE_ROWS
    assert {row["run"] for row in curves} == {"mirror", "invert"}
    assert curves[-1]["iteration"] == "1000"


@pytest.mark.parametrize(
    "content", [None, "nonsense\n1\n", 'a,"b\n', "iteration,source,target\n1e3,a,b\n"]
)
def test_missing_and_foreign_curves_are_refused(tmp_path, content):
    (tmp_path / "mirror").mkdir()
    if content is not None:
        rewrite(tmp_path / "mirror" / "validation.csv", content)
    with pytest.raises(MwmError, match=r"validation\.csv"):
        gather_curves([tmp_path / "mirror"])


def test_csv_is_read_back_as_written(tmp_path):
    write_csv(tmp_path / "t.csv", [{"a": "x,y", "b": 0.5}])
    with (tmp_path / "t.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"a": "x,y", "b": "0.5"}]
