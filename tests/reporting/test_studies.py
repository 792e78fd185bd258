import csv
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from evaluations import evaluate
from PIL import Image
from reports import Page

from mwm import MwmError, UsageError
from mwm.io import records
from mwm.reporting.shared.results import Pairs, Row
from mwm.reporting.shared.words import policy
from mwm.reporting.studies.methods import PAPER
from mwm.reporting.studies.rates import wilson
from mwm.reporting.studies.report import report_studies
from mwm.reporting.studies.study import model_row, read_study, variant_rows
from mwm.settings.overlay import lay_over
from stages import keep
from stages import tabulate as stage

ROOT = Path(__file__).parents[2]
WORLDS = ["original", "vswap", "mirror"]
Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path, contents, evaluated) -> Made:
    """A study's folder as its stages leave it: real params and frames, made-up numbers."""

    def make(name: str, models: dict[str, list[str]], alignments: Any = None, minutes: float = 3.0):
        folder = tmp_path / "runs" / name
        (folder / "seconds").mkdir(parents=True)
        method, _, seed = name.rpartition("-")
        profile = {
            "anchored": "results/methods/anchored.yaml",
            "joint": "experiments/methods/joint.yaml",
            "independent": "profiles/independent.yaml",
        }[method]
        laid = lay_over(ROOT / "params.yaml", [ROOT / profile], [f"train.run.seed={seed}"])
        (folder / "params.yaml").write_text(laid)
        evaluated.func(folder / "eval", contents, models, alignments)
        acts = [
            "train-smooth",
            "train-anchor",
            *(f"train-{a}-{w}" for w in WORLDS for a in ("see", "recruit")),
        ]
        for act in [*acts, *(f"decipher-{w}" for w in WORLDS)]:
            records.write(folder / "seconds" / f"{act}.json", {"seconds": 60 * minutes})
        return folder

    return make


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_tells_the_lower_direction_and_the_time(made):
    study = read_study(made("anchored-2", {"anchored": WORLDS}, {("mirror", "original"): 0.6}))
    row = variant_rows(study)[1]
    assert (row["world"], row["inputs"], row["seed"], row["method"]) == (
        "mirror",
        "corresponding",
        2,
        "anchored",
    )
    assert (row["episodes"], row["policy"], row["information"]) == (600, "random", "actions")
    assert (row["alignment_forward"], row["alignment_backward"]) == (0.98, 0.6)
    assert row["ball_f1"] == pytest.approx(0.98 * 0.6)
    assert row["own_ball_f1"] == 0.98
    assert row["success"] is False
    assert variant_rows(study)[0]["success"] is True
    assert row["minutes"] == 6.0  # seen and recruited
    assert row["minutes_from_nothing"] == 15.0  # the original seen, the smoother and the anchor


def test_with_independent_inputs_deciphering_counts_and_misreadings_are_told(made, tmp_path):
    lost = {("mirror", "original"): 0.4}
    study = read_study(made("independent-1", {"independent": WORLDS}, lost))
    vswap, mirror = variant_rows(study)
    assert vswap["minutes"] == mirror["minutes"] == 9.0  # seen, deciphered, recruited
    assert (vswap["ball_reading"], mirror["ball_reading"]) == ("right", "upside down")
    assert model_row(study)["minutes"] == 27.0

    page = Page((_tabulated(tmp_path, "independent-1") / "index.html").read_text())
    assert "independent inputs; 600 episodes of random play, with actions; seed 1" in page.text
    assert "All plays are of ALE/Pong-v5." in page.text
    assert "How objects are read across worlds" in page.text
    assert page.text.count("upside down") == 3 + 1  # mirror's three objects, and the explanation
    assert len(_rows(tmp_path / "out/independent.csv")) == 2


@pytest.mark.parametrize(
    ("hold", "repeat_probability", "said"),
    [
        (1, 0.0, "random"),
        (4, 0.0, "random, held 4 steps"),
        (2, 0.25, "random, held 2 steps, repeated with probability 0.25"),
    ],
)
def test_the_policy_is_told_in_words(hold, repeat_probability, said):
    assert policy(hold, repeat_probability) == said


def test_a_model_of_all_worlds_is_told_by_its_worst_pair(made):
    study = read_study(made("anchored-2", {"anchored": WORLDS}, {("mirror", "vswap"): 0.6}))
    row = model_row(study)
    assert (row["worlds"], row["pairs"], row["pairs_aligned"], row["successes"]) == (3, 6, 5, 4)
    assert row["alignment_min"] == 0.6
    assert row["ball_f1_min"] == pytest.approx(0.98 * 0.6)
    assert row["minutes"] == 21.0  # three seen, a smoother, an anchor, two recruits


def test_variants_with_models_of_their_own_are_no_model_of_all_worlds(made):
    models = {"vswap": ["original", "vswap"], "mirror": ["original", "mirror"]}
    study = read_study(made("joint-1", models))
    assert model_row(study) is None
    assert [row["world"] for row in variant_rows(study)] == ["vswap", "mirror"]


@pytest.mark.parametrize(
    ("successes", "tries"), [(k, n) for n in (1, 3, 5, 30) for k in (0, 1, n - 1, n)]
)
def test_wilsons_interval_holds_the_rates_that_the_score_test_accepts(successes, tries):
    rates = np.linspace(0, 1, 100_001)[1:-1]
    score = np.abs(successes / tries - rates) / np.sqrt(rates * (1 - rates) / tries)
    accepted = rates[score <= 1.959964]
    low, high = wilson(successes, tries)
    assert (low, high) == pytest.approx((accepted[0], accepted[-1]), abs=2e-5)


def _tabulated(folder: Path, *studies: str) -> Path:
    runs, out = folder / "runs", folder / "out"
    folders = [str(runs / study) for study in studies]
    stage.app(["studies", *folders, "--out", str(out)], standalone_mode=False)
    return out


def test_the_stage_writes_tables_pictures_and_a_page(made, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    for seed in (1, 2, 3):
        lost = {("original", "vswap"): 0.4} if seed == 3 else None
        made(f"anchored-{seed}", {"anchored": WORLDS}, lost, minutes=seed)
    made("joint-1", {"mirror": ["original", "mirror"]}, {("mirror", "original"): -0.5})
    out = _tabulated(tmp_path, "anchored-3", "joint-1", "anchored-1", "anchored-2")

    rows = _rows(out / "corresponding.csv")
    told = [(row["method"], row["seed"], row["world"], row["success"]) for row in rows]
    assert told == [
        *(
            ("anchored", seed, world, str(seed + world != "3vswap").lower())
            for seed, world in itertools.product("123", WORLDS[1:])
        ),
        ("joint", "1", "mirror", "false"),
    ]
    assert [row["seed"] for row in _rows(out / "models.csv")] == ["1", "2", "3"]
    for method in ("anchored", "joint"):
        with Image.open(out / f"{method}.png") as picture:
            assert picture.width > 500

    page = Page((out / "index.html").read_text())
    assert "5 of 6 by see, anchor, recruit" in page.text
    assert "0 of 1 by the paper's: all worlds at once, moments" in page.text
    assert "by 16 of 18 ordered pairs in models of all worlds" in page.text
    assert "2 of 3 0.21–0.94" in page.text  # vswap's rate, with Wilson's interval
    assert PAPER["corresponding"]["vswap"] in page.text
    assert page.text.count("−0.500") == 1  # the lower direction


def test_the_bytes_do_not_depend_on_when_it_is_told(made, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    made("anchored-1", {"anchored": WORLDS})
    first, again = (
        {path.name: path.read_bytes() for path in _tabulated(tmp_path, "anchored-1").iterdir()}
        for _ in range(2)
    )
    assert first == again


@pytest.mark.parametrize("content", ["[]", '{"seconds": "3"}', "{"])
def test_a_damaged_time_is_told(made, content):
    folder = made("anchored-1", {"anchored": WORLDS})
    (folder / "seconds/train-anchor.json").write_text(content)
    with pytest.raises(MwmError, match=r"train-anchor\.json: expected"):
        variant_rows(read_study(folder))


def test_a_word_for_a_time_is_told(made):
    folder = made("anchored-1", {"anchored": WORLDS})
    records.write(folder / "seconds/train-anchor.json", {"seconds": "3"})
    with pytest.raises(MwmError, match=r"train-anchor\.json: expected seconds, found"):
        variant_rows(read_study(folder))


def test_a_missing_study_is_told(tmp_path):
    with pytest.raises(MwmError, match="anchored-9"):
        read_study(tmp_path / "anchored-9")


def test_a_study_that_is_named_twice_is_refused(made, tmp_path, monkeypatch, capsys):
    """Its variants counted twice in the rates."""
    made("anchored-1", {"anchored": WORLDS})
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match="2"):
        _tabulated(tmp_path, "anchored-1", "anchored-1")
    assert "anchored-1: expected folders of different names" in capsys.readouterr().err


def test_studies_of_games_with_other_objects_are_told(made, tmp_path, contents):
    """It was a KeyError, or the objects of all but the first were left out."""
    models = {"anchored": WORLDS}
    folders = [made(f"anchored-{seed}", models) for seed in (1, 2)]
    shutil.rmtree(folders[1] / "eval")
    evaluate(folders[1] / "eval", contents, models, objects=())
    with pytest.raises(UsageError, match=r"anchored-2: expected the objects of .*anchored-1 \("):
        report_studies([read_study(folder) for folder in folders], tmp_path / "out", 55)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["anchored", "anchored-", "-1", "anchored-one"])
def test_a_folder_of_another_name_is_no_study(made, tmp_path, name):
    folder = made("anchored-1", {"anchored": WORLDS}).rename(tmp_path / name)
    with pytest.raises(UsageError, match="expected a name of two parts, <method>-<seed>"):
        read_study(folder)


def test_what_is_kept_of_a_study_gives_the_same_tables(made, tmp_path):
    """On a new machine no table could be made of studies that had run elsewhere."""
    folder = made("independent-3", {"independent": WORLDS}, {("mirror", "original"): 0.6})
    curves, rows = read_study(folder).curves, variant_rows(read_study(folder))
    keep.app([str(folder), "--out", str(tmp_path / "kept")], standalone_mode=False)
    (tmp_path / "runs").rename(tmp_path / "gone")
    kept = read_study(tmp_path / "kept" / "independent-3")
    assert variant_rows(kept) == rows
    assert kept.curves == curves
    assert (tmp_path / "kept/independent-3/eval/foreign.csv").is_file()


def test_nothing_is_kept_of_a_study_that_was_not_evaluated(made, tmp_path, capsys):
    folder = made("anchored-1", {"anchored": WORLDS})
    (folder / "eval/foreign.csv").unlink()
    with pytest.raises(SystemExit):
        keep.app([str(folder), "--out", str(tmp_path / "kept")], standalone_mode=False)
    assert "foreign.csv: expected what training or evaluation wrote" in capsys.readouterr().err
    assert not (tmp_path / "kept").exists()


def test_a_distance_is_that_of_the_direction_in_which_it_is_greater() -> None:
    """In all made-up tables it was the same in both, or in one alone."""

    def way(source: str, target: str, alignment: float, distance: float) -> Row:
        numbers = {"alignment": alignment, "predicted_alignment": alignment - 0.1, "success": 0.0}
        numbers |= {"f1_ball": 0.9, "own_f1_ball": 0.98, "distance_ball": distance}
        return Row("one", source, target, numbers, {"ball": "right"})

    rows = [way("original", "mirror", 0.9, 0.25), way("mirror", "original", 0.8, 3.0)]
    rows += [way("original", "vswap", 0.7, 0.5), way("vswap", "original", 0.6, 0.25)]
    about = {"inputs": "corresponding", "seed": 1, "method": "anchored", "episodes": 6}
    study: Any = SimpleNamespace(
        pairs=Pairs(rows, ["ball"]),
        policy="random",
        minutes=lambda *acts: 1.0,
        recruiting=lambda world: [world],
        **about,
    )
    told = variant_rows(study)
    assert [row["ball_distance"] for row in told] == [3.0, 0.5]
    assert [row["predicted_alignment_backward"] for row in told] == [0.8 - 0.1, 0.6 - 0.1]
    model = model_row(study)
    assert model is not None
    assert (model["alignment_min"], model["predicted_alignment_min"]) == (0.6, 0.6 - 0.1)
