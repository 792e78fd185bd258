"""Experiments with real DVC: what they share, what they leave alone, and how they compare."""

import re
from pathlib import Path

import pytest
from workspace import Workspace

from mwm import MwmError

pytestmark = pytest.mark.slow

RECRUITING = {f"recruit@{run}" for run in ("transpose", "hswap", "vswap", "invert", "mirror")}
TRANSPORT = "train.recruit.constraints.transport"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the project in which everything has run, committed."""
    workspace = Workspace(tmp_path_factory.mktemp("experiments") / "project")
    workspace.repro()
    workspace.commit()
    return workspace


def kept(workspace: Workspace) -> dict[Path, bytes]:
    """What an experiment must not touch: params, lock, metrics and outputs, by their bytes."""
    names = ["params.yaml", "dvc.lock", "metrics.json", *workspace.outputs()]
    return {
        path: path.read_bytes() for name in names if (path := workspace.folder / name).is_file()
    }


def experiment(workspace: Workspace, name: str, *settings: str) -> str:
    """Run an experiment in a copy of the workspace; its output."""
    chosen = [word for setting in settings for word in ("-S", setting)]
    return workspace.run("-m", "dvc", "exp", "run", "--temp", "--name", name, *chosen)


def test_an_experiment_runs_what_depends_on_it_and_leaves_the_workspace(
    workspace: Workspace,
) -> None:
    before = kept(workspace)
    told = experiment(workspace, "weaker", f"{TRANSPORT}=1.0")
    ran = set(re.findall(r"^Running stage '(.+)':", told, re.M))
    assert ran == RECRUITING | {"evaluate", "report"}
    assert kept(workspace) == before

    again = experiment(workspace, "again", f"{TRANSPORT}=1.0", "report.dpi=90")
    assert re.findall(r"^Running stage '(.+)':", again, re.M) == ["report"], "the run cache answers"


def test_an_experiment_is_compared_by_its_name(workspace: Workspace) -> None:
    experiment(workspace, "named", f"{TRANSPORT}=1.0")
    told = workspace.run("-m", "mwm", "compare", "HEAD", "named", "--out", "build/named")
    assert f"| {TRANSPORT} | 100.0 | 1.0 |" in told
    assert "not at hand" not in told
    page = (workspace.folder / "build" / "named" / "index.html").read_text()
    assert page.count("<img ") == 1 + 2 * 3  # curves, and three pictures of each


def test_a_failed_experiment_leaves_the_workspace_as_it_was(workspace: Workspace) -> None:
    before = kept(workspace)
    with pytest.raises(MwmError, match=r"params.yaml:\d+: train.recruit.learning_rate: expected"):
        experiment(workspace, "failed", "train.recruit.learning_rate=fast")
    assert kept(workspace) == before
