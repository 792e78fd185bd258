"""`python -m stages.ablate`: settings of its own, and the rest from another study."""

import csv
from pathlib import Path

import plain_yaml
from typer.testing import CliRunner

from mwm.evaluation.pairs import evaluate_pairs
from mwm.io.frames import read_frames
from mwm.models.model import load
from mwm.settings import params
from stages import ablate, train


def settle(project: Path, **changes) -> None:
    """One run, judged on few frames; `changes` are of train.recruit."""
    path = project / "params.yaml"
    values = plain_yaml.parse(path)
    values["train"]["runs"] = {"mirror": {"worlds": ["original", "mirror"]}}
    values["train"]["recruit"] |= changes
    values["evaluate"] |= {"frames": 50, "length": 10}
    path.write_text(plain_yaml.text(values))


def ablated(*options: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(ablate.app, options)
    assert done.exit_code == 0, done.stderr
    with Path("eval/pairs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_with_the_same_settings_it_is_the_same_recruit(project):
    settle(project)
    for words in (["see", "original"], ["see", "mirror"], ["anchor"], ["recruit", "mirror"]):
        assert CliRunner().invoke(train.app, words).exit_code == 0
    settings = params.load().evaluate
    worlds = {w: read_frames(f"data/worlds/{w}.h5", "world") for w in ("original", "mirror")}
    expected = evaluate_pairs("mirror", load(Path("runs/mirror")).eval(), worlds, settings)
    columns = ("source", "target", "transfer", "predicted_transfer")
    rows = [[row[c] for c in columns] for row in ablated("--base", "runs")]
    assert rows == [[str(row[c]) for c in columns] for row in expected]
    assert rows == [[row[c] for c in columns] for row in ablated()]  # all anew, the same

    settle(project, learning_rate=0.1)
    assert [[row[c] for c in columns] for row in ablated("--base", "runs")] != rows


def test_fewer_episodes_are_other_training_data_and_the_same_test_episodes(project):
    settle(project)
    whole = ablated()
    path = project / "params.yaml"
    values = plain_yaml.parse(path)
    values["collect"]["episodes"] = 3
    path.write_text(plain_yaml.text(values))
    few = ablated()
    assert [row["transfer"] for row in few] != [row["transfer"] for row in whole]
    assert [row["blank"] for row in few] == [row["blank"] for row in whole]


def test_a_study_without_an_anchor_is_told(project):
    settle(project)
    done = CliRunner().invoke(ablate.app, ["--base", "runs"])
    assert done.exit_code == 1
    assert done.stderr.startswith("error: runs/see: not found")
    assert done.stderr.count("\n") == 1
    assert not list(Path("eval").iterdir())
