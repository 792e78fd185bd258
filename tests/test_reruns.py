"""Real runs of DVC at the smoke profile: what an edit runs again, and what it leaves alone."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from smoke import twins
from test_pipeline import MADE, STAGES, outs
from workspace import Workspace

pytestmark = pytest.mark.slow

VARIANTS = ("transpose", "hswap", "vswap", "invert", "mirror")
SEE = {f"see@{world}" for world in ("original", *VARIANTS)}
RECRUIT = {f"recruit@{run}" for run in VARIANTS}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Workspace]:
    return twins(tmp_path_factory.mktemp("two runs"))


@pytest.fixture
def workspace(both: tuple[Workspace, Workspace]) -> Iterator[Workspace]:
    """A copy of the project in which everything has run; given back as it was."""
    yield both[0]
    both[0].restore()


def test_two_runs_from_nothing_give_the_same_bytes(both: tuple[Workspace, Workspace]) -> None:
    first, second = both
    assert first.outputs() == second.outputs()
    assert first.outputs().keys() == MADE.keys()


def test_a_second_run_does_nothing(workspace: Workspace) -> None:
    assert workspace.repro() == []


@pytest.mark.parametrize(
    ("old", "new", "stages"),
    [
        ("# emulated frames", "# frames of the emulator", set()),
        ("  frame_skip: 4", "  frame_skip: 3", {"collect"}),
        ("  validation: 0.1", "  validation: 0.2", {"preprocess"}),
        ("mirror: [mirror]", "mirror: [mirror, invert]", {"variants@mirror"}),
        ("    latent: 32", "    latent: 16", SEE | RECRUIT | {"anchor"}),
        ("    kl: 1.5", "    kl: 1.6", SEE),
        ("    constraint_weight: 10.0  # weight", "    constraint_weight: 11.0  # weight", RECRUIT),
        ("  film: 40", "  film: 41", {"evaluate"}),
        ("  dpi: 110", "  dpi: 111", {"report"}),
    ],
)
def test_an_edit_of_params_concerns_only_the_stages_that_read_it(
    workspace: Workspace, old: str, new: str, stages: set[str]
) -> None:
    workspace.edit("params.yaml", old, new)
    assert workspace.outdated() == stages


def test_an_edit_of_the_training_code_concerns_training_alone(workspace: Workspace) -> None:
    workspace.edit("stages/train.py", "app = ", "# a comment\napp = ")
    assert workspace.outdated() == SEE | RECRUIT | {"anchor"}


def test_an_edit_of_the_report_runs_the_report_alone(workspace: Workspace) -> None:
    workspace.edit("params.yaml", "  dpi: 110", "  dpi: 100")
    assert workspace.repro() == ["report"]


def test_an_edit_of_training_collects_nothing_again(workspace: Workspace) -> None:
    old = "    constraint_weight: 10.0  # weight"
    workspace.edit("params.yaml", old, old.replace("10.0", "11.0"))
    assert set(workspace.repro()) == RECRUIT | {"evaluate", "report"}


def test_a_new_world_trains_itself_and_one_recruit(workspace: Workspace) -> None:
    workspace.edit("params.yaml", "    mirror: [mirror]", TURNED.format(old="mirror: [mirror]"))
    run = "mirror: {worlds: [original, mirror]}"
    workspace.edit("params.yaml", f"    {run}", NEW_RUN.format(old=run))
    line = "data/worlds/mirror.h5, runs/mirror/model.safetensors"
    workspace.edit("dvc.yaml", line, f"{line.replace('mirror', 'turned')}, {line}")
    ran = workspace.repro()
    assert ran == ["variants@turned", "see@turned", "recruit@turned", "evaluate", "report"]


TURNED = "    {old}\n    turned: [transpose, mirror]"
NEW_RUN = "    {old}\n    turned: {{worlds: [original, turned]}}"


@pytest.mark.parametrize(
    "stage",
    [stage for stage in STAGES if "@" not in stage or stage.endswith("@mirror")],
)
def test_a_stage_needs_its_declared_deps_alone(
    both: tuple[Workspace, Workspace], tmp_path: Path, stage: str
) -> None:
    made = both[0].folder
    for name in [*STAGES[stage]["deps"], "params.yaml"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(made / name, tmp_path / name)
    command = STAGES[stage]["cmd"].split()
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
    for name in outs(stage):
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes(), name
