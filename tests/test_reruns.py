"""Real runs of DVC at the smoke profile: what an edit runs again, and what it leaves alone."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipelines import needed, stages
from smoke import TARGETS, twins
from workspace import Workspace, environment

pytestmark = pytest.mark.slow

STAGES = stages("")
VARIANTS = ("transpose", "hswap", "vswap", "invert", "mirror")
SEE = {f"see@{world}" for world in ("original", *VARIANTS)}
DECIPHER = {f"decipher@{run}" for run in VARIANTS}
RECRUIT = {f"recruit@{run}" for run in VARIANTS}
UNITE = {f"unite@{run}" for run in VARIANTS}
RAN = needed("", TARGETS)
PLAYING = STAGES.keys() - needed("", ["report"])  # what learns to play, and what shows that

ALONE = """import sys

sys.meta_path[:] = [f for f in sys.meta_path if "__editable__" not in getattr(f, "__module__", "")]
"""


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
    assert first.outputs().keys() == {out for name in RAN for out in STAGES[name].outs}


def test_a_second_run_does_nothing(workspace: Workspace) -> None:
    assert workspace.repro(*TARGETS) == []


def test_stages_at_once_leave_the_bytes_of_a_serial_run(
    both: tuple[Workspace, Workspace], tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path)
    workspace.run("-m", "mwm", "run", "--jobs", "2", *TARGETS)
    assert (tmp_path / "dvc.lock").read_text() == (both[0].folder / "dvc.lock").read_text()
    assert workspace.repro(*TARGETS) == []


@pytest.mark.parametrize(
    ("profile", "stages"),
    [
        ("collect: {frame_skip: 7}", {"collect"}),
        ("preprocess: {validation: 0.3}", {"preprocess"}),
        ("train: {model: {latent: 7}}", SEE | DECIPHER | RECRUIT | UNITE | {"anchor", "smooth"}),
        ("train: {see: {kl: 7.0}}", SEE),
        ("train: {anchor: {kl: 7.0}}", {"anchor"}),
        ("train: {recruit: {kl: 7.0}}", RECRUIT),
        ("train: {joint: {kl: 7.0}}", RECRUIT),
        ("evaluate: {film: 41}", {"evaluate"}),
        ("report: {dpi: 90}", {"report"}),
    ],
)
def test_an_edit_of_params_concerns_only_the_stages_that_read_it(
    workspace: Workspace, profile: str, stages: set[str]
) -> None:
    workspace.lay(profile)
    assert workspace.outdated() - PLAYING == stages


def test_an_edit_of_one_world_concerns_that_world_alone(workspace: Workspace) -> None:
    workspace.edit("params.yaml", "    mirror: [mirror]", "    mirror: [mirror, invert]")
    assert workspace.outdated() - PLAYING == {"variants@mirror"}


def test_an_edit_of_a_comment_concerns_nothing(workspace: Workspace) -> None:
    workspace.edit("params.yaml", "# emulated frames", "# frames of the emulator")
    assert workspace.outdated() - PLAYING == set()


def test_an_edit_of_the_training_code_concerns_training_alone(workspace: Workspace) -> None:
    workspace.edit("stages/train.py", "app = ", "# a comment\napp = ")
    assert workspace.outdated() - PLAYING == SEE | RECRUIT | {"anchor"}


def test_an_edit_of_the_report_runs_the_report_alone(workspace: Workspace) -> None:
    workspace.lay("report: {dpi: 90}")
    assert workspace.repro("report") == ["report"]


def test_an_edit_of_training_collects_nothing_again(workspace: Workspace) -> None:
    workspace.lay("train: {recruit: {constraints: {moments: 7.0}}}")
    assert set(workspace.repro("report")) == RECRUIT | UNITE | {"evaluate", "report"}


def test_an_edit_of_m_recruits_nothing_again(workspace: Workspace) -> None:
    workspace.lay("train: {anchor: {learning_rate: 0.002}}")
    assert set(workspace.repro("report")) == UNITE | {"anchor", "evaluate", "report"}


def test_a_new_world_trains_itself_and_one_recruit(workspace: Workspace) -> None:
    world, run = "    mirror: [mirror]\n", "    mirror: {worlds: [original, mirror]}\n"
    files = "data/worlds/mirror.h5, runs/see/mirror, runs/mirror"
    workspace.edit("params.yaml", world, f"{world}    turned: [transpose, mirror]\n")
    workspace.edit("params.yaml", run, f"{run}    turned: {{worlds: [original, turned]}}\n")
    workspace.edit("dvc.yaml", files, f"{files.replace('mirror', 'turned')}, {files}")
    ran = workspace.repro("report")
    new = [f"{stage}@turned" for stage in ("variants", "see", "decipher", "recruit", "unite")]
    assert ran == [*new, "evaluate", "report"]


@pytest.mark.parametrize(
    "stage",
    [name for name in STAGES if name in RAN and ("@" not in name or name.endswith("@mirror"))],
)
def test_a_stage_needs_its_declared_deps_alone(
    both: tuple[Workspace, Workspace], tmp_path: Path, stage: str
) -> None:
    made, harness = both[0].folder, "mwm/runtime"  # which changes no result
    for name in [*STAGES[stage].deps, "params.yaml", harness]:
        _copy(made / name, tmp_path / name)
    words = [sys.executable, *STAGES[stage].line.split()[1:]]
    (tmp_path / "alone").mkdir()  # else an editable installation finds what the copy lacks
    (tmp_path / "alone/sitecustomize.py").write_text(ALONE)
    alone = environment() | {"PYTHONPATH": str(tmp_path / "alone")}
    subprocess.run(words, cwd=tmp_path, env=alone, check=True)
    for name in STAGES[stage].outs:
        assert _contents(tmp_path / name) == _contents(made / name), name


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _contents(path: Path) -> dict[str, bytes]:
    """The bytes of a file, or of all files in a folder, by name."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return {str(each.relative_to(path)): each.read_bytes() for each in files if each.is_file()}


def test_studies_run_in_folders_of_their_own_and_leave_the_default_run_alone(
    workspace: Workspace, tmp_path: Path
) -> None:
    before = workspace.outputs()
    workspace.edit("experiments/methods/joint.yaml", "iterations: 150", "iterations: 2")
    workspace.edit("experiments/methods/joint.yaml", "prediction_steps: 20", "prediction_steps: 2")
    for project, study in (("results", "anchored-5"), ("experiments", "joint-2")):
        words = ["repro", f"evaluate@{study}"]
        enter = f"import os; os.chdir('{project}'); "
        dvc = f"{enter}from dvc.cli import main; raise SystemExit(main({words}))"
        ran = re.findall(r"^Running stage '(.+)':", workspace.run("-c", dvc), re.M)
        assert ran == [f"{stage}@{study}" for stage in ("params", "train", "evaluate")]
    assert workspace.outputs() == before
    assert workspace.repro("report") == []

    studies = ["results/runs/anchored-5", "experiments/runs/joint-2"]
    workspace.run("-m", "stages.tabulate", "studies", *studies, "--out", str(tmp_path))
    rows = (tmp_path / "corresponding.csv").read_text().splitlines()[1:]
    assert len(rows) == 5 + 3
    seeds = {line.split(",")[2] for line in rows}
    assert seeds == {"5", "2"}
    model = "runs/mirror/model.safetensors"
    others = [workspace.folder / study / model for study in studies]
    contents = [path.read_bytes() for path in [workspace.folder / model, *others]]
    assert len(set(contents)) == 3
    for study in studies:
        shutil.rmtree((workspace.folder / study).parent)
