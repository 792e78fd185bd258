"""`python -m stages.study`: all of a study's training, as its stages do it one by one."""

import json
import shutil
from pathlib import Path

import plain_yaml
import pytest
from typer.testing import CliRunner

from mwm.io import records
from stages import decipher, params, recruit, smooth, study, train, unite

DATA = ("--data", "data/worlds")


def settle(project: Path, folder: str, **changes: dict[str, object]) -> None:
    """A study of one run, mirror; `changes` of sections of train."""
    values = plain_yaml.parse(project / "params.yaml")
    values["train"]["runs"] = {"mirror": {"worlds": ["original", "mirror"]}}
    for section, change in changes.items():
        values["train"][section] |= change
    (project / "method.yaml").write_text(plain_yaml.text({"train": values["train"]}))
    invoke(params.app, "method.yaml", "--out", folder)
    if not (project / folder / "data").exists():
        (project / folder / "data").symlink_to(project / "data")


def invoke(app: object, *words: str) -> str:
    done = CliRunner().invoke(app, words)  # type: ignore[arg-type]
    assert done.exit_code == 0, done.stderr
    return done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_study_is_its_acts_one_by_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(project, "one")
    invoke(study.app, "--folder", "one", *DATA)
    seconds = sorted(path.stem for path in Path("seconds").iterdir())
    acts = ("anchor", "recruit-mirror", "see-mirror", "see-original", "smooth")
    assert seconds == ["decipher-mirror", *(f"train-{act}" for act in acts), "unite-mirror"]
    monkeypatch.chdir(project)
    settle(project, "two")
    monkeypatch.chdir(project / "two")
    monkeypatch.setenv("DVC_ROOT", str(project / "two"))  # --folder left that of `one`
    for words in (["see", "original"], ["see", "mirror"], ["anchor"]):
        invoke(train.app, *words)
    invoke(smooth.app)
    invoke(decipher.app, "mirror")
    invoke(recruit.app, "mirror")
    invoke(unite.app, "mirror")
    assert contents(project / "one" / "runs") == contents(project / "two" / "runs")


def test_what_is_alike_is_taken_and_the_rest_is_trained(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(project, "base")
    invoke(study.app, "--folder", "base", *DATA)
    monkeypatch.chdir(project)
    settle(project, "other", recruit={"learning_rate": 0.1, "kl": 2.0})
    stolen = project / "base" / "runs" / "see" / "original" / "training.csv"
    stolen.write_text(stolen.read_text() + "\n")  # to be seen in the copy
    told = invoke(study.app, "--folder", "other", *DATA, "--base", "../base")
    assert "see original:" not in told
    assert "recruit mirror:" in told
    base, other = contents(project / "base/runs"), contents(project / "other/runs")
    assert base.keys() == other.keys()
    differ = {name for name in base if base[name] != other[name]}
    files = ("manifest.json", "model.safetensors", "training.csv", "validation.csv")
    assert differ == {f"{run}/{file}" for run in ("recruit/mirror", "mirror") for file in files}
    assert json.loads(Path("seconds/train-anchor.json").read_text()) == json.loads(
        (project / "base/seconds/train-anchor.json").read_text()
    )


def test_another_m_takes_v_from_a_study_as_if_it_had_been_trained_anew(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(project, "base")
    invoke(study.app, "--folder", "base", *DATA)
    made = {}
    for folder, more in (("taken", ("--base", "../base")), ("anew", ())):
        monkeypatch.chdir(project)
        settle(project, folder, model={"memory": 5, "predicts": "latent"})
        told = invoke(study.app, "--folder", folder, *DATA, *more)
        assert ("see original:" in told, "recruit mirror:" in told) == ((not more,) * 2)
        assert "anchor:" in told
        made[folder] = contents(project / folder / "runs")
    assert made["taken"] == made["anew"]


def test_of_a_study_in_which_m_had_a_say_no_v_is_taken(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled = {"prediction_steps": 1}
    settle(project, "base", see=pulled)
    invoke(study.app, "--folder", "base", *DATA)
    monkeypatch.chdir(project)
    settle(project, "other", see=pulled, model={"memory": 5})
    told = invoke(study.app, "--folder", "other", *DATA, "--base", "../base")
    assert "see original:" in told


def test_the_time_before_an_interruption_counts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(project, "one")
    invoke(study.app, "--folder", "one", *DATA)
    made = contents(Path("runs"))
    (kept,) = Path(".mwm/checkpoints").glob("seconds-train-anchor/*/seconds.json")
    records.write(kept, {"seconds": 1000.0})
    shutil.rmtree("runs")
    shutil.rmtree("seconds")
    monkeypatch.chdir(project)
    invoke(study.app, "--folder", "one", *DATA)  # restored from checkpoints
    assert contents(Path("runs")) == made
    assert records.read("seconds/train-anchor.json")["seconds"] >= 1000
