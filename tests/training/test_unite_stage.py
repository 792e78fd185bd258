"""`python -m stages.unite`: V of both worlds from a recruit, M from the anchor."""

from pathlib import Path

import brief
import plain_yaml
import pytest
import torch
from typer.testing import CliRunner

from mwm.io import records
from mwm.models.model import MetaWorldModel, load
from stages import unite


@pytest.fixture
def trained(project: Path) -> Path:
    (project / "params.yaml").write_text(plain_yaml.text(brief.of_one_run()))
    brief.train_one_run()
    return project / "runs"


def alike(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def parts(model: MetaWorldModel, recruit: MetaWorldModel, anchor: MetaWorldModel) -> None:
    for world in brief.WORLDS:
        assert alike(model.vision(world), recruit.vision(world))
    assert alike(model.vision("original"), anchor.vision("original"))
    assert alike(model.memory, anchor.memory)
    assert not alike(model.memory, recruit.memory), "which was never trained"


def test_the_model_has_the_parts_of_both(trained: Path) -> None:
    parts(*(load(trained / name) for name in ("mirror", "recruit/mirror", "anchor")))
    for name in ("training.csv", "validation.csv"):
        assert (trained / "mirror" / name).read_bytes() == (
            trained / "recruit/mirror" / name
        ).read_bytes()


def test_its_environment_is_that_of_its_parts(trained: Path) -> None:
    told = [records.read(trained / name / "manifest.json") for name in ("mirror", "recruit/mirror")]
    assert told[0]["environment"] == told[1]["environment"]


def test_a_joint_run_keeps_its_own_memory(trained: Path) -> None:
    values = brief.of_one_run()
    values["train"]["run"]["schedule"] = "joint"
    Path("params.yaml").write_text(plain_yaml.text(values))
    brief.run(unite.app, "mirror")
    assert alike(load(trained / "mirror").memory, load(trained / "recruit/mirror").memory)


def test_a_damaged_part_is_told_by_file(trained: Path) -> None:
    path = trained / "recruit/mirror/validation.csv"
    path.write_text(path.read_text() + " ")
    done = CliRunner().invoke(unite.app, ["mirror"])
    assert done.exit_code == 1
    assert done.stderr.startswith(
        f"error: {path.relative_to(trained.parent)}: expected the checksum"
    )
    assert done.stderr.count("\n") == 1
