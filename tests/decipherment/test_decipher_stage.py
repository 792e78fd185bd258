"""`python -m stages.decipher`: nothing to do, faults told in one line, and a recruit that obeys."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brief import run
from plain_yaml import parse, text
from typer.testing import CliRunner

from mwm.io import latents
from mwm.io.files import read_json
from mwm.io.frames import read_frames, write_frames
from mwm.settings.overlay import lay_over
from stages import decipher, recruit, smooth, train

ROOT = Path(__file__).resolve().parents[2]
FINISHED = Path("runs/decipher/mirror/latents.h5")


def independent(project: Path, iterations: int) -> None:
    path = project / "params.yaml"
    values = parse(path)
    values["train"]["run"]["inputs"] = "independent"
    values["train"]["batch"]["frames"] = 64
    values["train"]["decipher"] |= {"states": 128, "restarts": 3, "refinements": 1}
    values["train"]["smooth"] |= {"steps": 20, "windows": 64, "hidden": 32}
    values["train"]["recruit"] |= {"frames": "random", "constraints": {"sinkhorn": 15.0}}
    for act in ("see", "anchor"):
        values["train"][act]["iterations"] = iterations
    path.write_text(text(values))


def whole_run() -> None:
    for words in (["see", "original"], ["see", "mirror"], ["anchor"]):
        run(train.app, *words)
    run(smooth.app)
    run(decipher.app, "mirror")
    run(recruit.app, "mirror")


def spoil(project: Path, world: str, position: int) -> None:
    """Spoil all plays but those of validation and of the world's half, and tell of a wrong map."""
    content = read_frames(project / "data" / "worlds" / f"{world}.h5", "world")
    train_half = content.episodes("train")[position::2]
    frames, actions = content.frames.copy(), content.actions.copy()
    for episode in range(len(content.episode_offsets) - 1):
        if episode not in train_half and episode not in content.episodes("validation"):
            span = slice(*content.episode_offsets[episode : episode + 2])
            frames[span] ^= 255
            actions[span] = 5 - actions[span]
    spoilt = replace(
        content,
        frames=frames,
        actions=actions,
        pixel_map=content.pixel_map[::-1].copy(),
        inverted=~content.inverted,
    )
    write_frames(project / "spoilt" / f"{world}.h5", spoilt, "world")


def test_with_corresponding_inputs_there_is_nothing_to_do(project: Path) -> None:
    run(decipher.app, "mirror")
    assert len(latents.load(FINISHED, 1, 1).frames) == 0
    assert read_json(FINISHED.with_name("scores.json")) == {}
    run(smooth.app)
    assert [path.name for path in Path("runs/smooth").iterdir()] == ["manifest.json"]


def test_codes_that_say_nothing_are_told(project: Path) -> None:
    independent(project, iterations=1)
    for words in (["see", "original"], ["see", "mirror"], ["anchor"]):
        run(train.app, *words)
    done = CliRunner().invoke(decipher.app, ["mirror"])
    assert done.exit_code == 1
    assert "expected a V whose codes say something, found" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not FINISHED.exists()
    refused = CliRunner().invoke(recruit.app, ["mirror"])
    assert refused.stderr.startswith(f"error: {FINISHED}: not found")


@pytest.mark.slow
def test_the_smoke_profile_serves_independent_inputs(project: Path) -> None:
    profiles = [ROOT / f"profiles/{name}.yaml" for name in ("independent", "smoke")]
    (project / "params.yaml").write_text(lay_over(ROOT / "params.yaml", profiles))
    whole_run()
    assert len(latents.load(FINISHED, 900, 32).frames) > 0
    assert Path("runs/recruit/mirror/manifest.json").exists()


@pytest.mark.slow
def test_a_recruit_follows_what_was_deciphered_of_its_own_half(project: Path) -> None:
    independent(project, iterations=150)
    whole_run()
    first = FINISHED.read_bytes()
    shutil.rmtree(project / ".mwm" / "checkpoints")
    run(decipher.app, "mirror")
    assert FINISHED.read_bytes() == first
    assert (
        "deciphered_mirror" in Path("runs/recruit/mirror/training.csv").read_text().splitlines()[0]
    )
    content = read_frames(project / "data" / "worlds" / "mirror.h5", "world")
    found = latents.load(FINISHED, len(content.frames), 32)
    episode = np.searchsorted(content.episode_offsets, found.frames, side="right") - 1
    assert len(episode)
    assert set(episode) <= set(content.episodes("train")[1::2])


@pytest.mark.slow
def test_what_is_not_a_worlds_own_half_reaches_no_weight(project: Path) -> None:
    """Nor do test episodes; validation episodes are measured, which is told and never used."""
    independent(project, iterations=150)
    whole_run()
    weights = sorted(Path("runs").rglob("*.safetensors"))
    assert len(weights) == 5
    before = {path: path.read_bytes() for path in [*weights, FINISHED]}
    (project / "spoilt").mkdir()
    for position, world in enumerate(("original", "mirror")):
        spoil(project, world, position)
    (project / "data" / "worlds").unlink()
    (project / "spoilt").rename(project / "data" / "worlds")
    whole_run()
    assert {path for path in before if path.read_bytes() != before[path]} == set()
