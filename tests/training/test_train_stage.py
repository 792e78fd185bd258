"""`python -m stages.train` and `stages.recruit`, as users and DVC run them: a line a fault."""

import json
from pathlib import Path

import plain_yaml
from typer.testing import CliRunner, Result

from mwm.runtime import kernels
from stages import recruit, train


def perform(act: str, *arguments: str) -> Result:
    """An act by the command that performs it."""
    if act == "recruit":
        return CliRunner().invoke(recruit.app, list(arguments))
    return CliRunner().invoke(train.app, [act, *arguments])


def refusal(*arguments: str, code: int = 1) -> str:
    done = perform(*arguments)
    assert done.exit_code == code, done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def change(project: Path, section: str, **values) -> None:
    path = project / "params.yaml"
    params = plain_yaml.parse(path)
    params["train"][section] |= values
    path.write_text(plain_yaml.text(params))


def test_the_acts_follow_each_other_and_another_architecture_is_refused(project):
    for arguments in (["see", "original"], ["see", "mirror"], ["anchor"], ["recruit", "mirror"]):
        done = perform(*arguments)
        assert done.exit_code == 0, done.stderr
    manifest = json.loads((project / "runs/recruit/mirror/manifest.json").read_text())
    assert manifest["worlds"] == ["original", "mirror"]
    assert manifest["settings"]["run"]["seed"] == 0
    assert (project / ".mwm" / "speed" / "runs-mirror.csv").is_file()
    processor = (project / ".mwm" / "speed" / "runs-mirror.txt").read_text()
    assert processor == f"{kernels.processor()}\n"
    assert processor.split()[0] not in json.dumps(manifest)
    written = {path.name for path in (project / "runs/recruit/mirror").iterdir()}
    assert written == {"model.safetensors", "manifest.json", "training.csv", "validation.csv"}

    change(project, "model", latent=16)
    said = refusal("recruit", "mirror")
    assert "train.model.latent: expected 16 (params.yaml), found 32" in said


def test_an_unknown_run_is_told_with_those_that_there_are(project):
    said = refusal("recruit", "miror", code=2)
    assert "train.runs has no 'miror'" in said
    assert "did you mean 'mirror'?" in said


def test_missing_worlds_and_acts_are_told_by_file(project):
    assert "runs/see/original/manifest.json: not found" in refusal("anchor")
    (project / "data" / "worlds").unlink()
    assert "data/worlds/mirror.h5: not found" in refusal("see", "mirror")


def test_a_file_of_another_kind_is_refused(project, worlds):
    said = refusal("see", "mirror", "--data", str(worlds / "nowhere"))
    assert "not found" in said
    (project / "other").mkdir()
    (project / "other" / "mirror.h5").write_bytes((worlds / "frames.h5").read_bytes())
    said = refusal("see", "mirror", "--data", "other")
    assert "expected a file of kind 'world', found 'frames'" in said


def test_a_folder_that_cannot_be_written_is_told_before_the_training(project):
    (project / "file").write_text("")
    said = refusal("see", "mirror", "--runs", "file")
    assert "file/see/mirror" in said
    assert "cannot be written" in said


def test_a_rate_that_ruins_the_very_last_step_is_told_of_the_act_that_has_it(project):
    change(project, "see", learning_rate=10.0)
    said = refusal("see", "original")
    assert "see original: iteration 1: " in said
    assert "lower train.see.learning_rate (10.0) or its weights; nothing was written" in said
    assert not (project / "runs/see/original/manifest.json").exists()
    assert refusal("see", "original") == said  # from the checkpoint
