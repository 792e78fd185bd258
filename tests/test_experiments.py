"""Experiments with real DVC: what they share, what they leave alone, and how they compare."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors import safe_open
from workspace import Workspace, environment

from mwm import MwmError

pytestmark = pytest.mark.slow

RUNS = ("transpose", "hswap", "vswap", "invert", "mirror")
RECRUITING = {f"{stage}@{run}" for stage in ("recruit", "unite") for run in RUNS}
LAST = "report"  # what follows it, control and so on, would take most of the time
TRANSPORT = "train.recruit.constraints.transport"
PATIENCE = 600  # seconds


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the project in which all has run up to LAST, committed."""
    workspace = Workspace(tmp_path_factory.mktemp("experiments") / "project")
    workspace.repro(LAST)
    workspace.commit()
    return workspace


def kept(workspace: Workspace) -> dict[Path, bytes]:
    """What an experiment must not touch: params, lock, metrics and outputs, by their bytes."""
    names = ["params.yaml", "dvc.lock", "metrics.json", *workspace.outputs()]
    below = (workspace.folder / name for name in names)
    files = (file for path in below for file in [path, *path.rglob("*")] if file.is_file())
    return {file: file.read_bytes() for file in files}


def experiment(workspace: Workspace, name: str, *settings: str) -> str:
    """Run an experiment in a copy of the workspace; its output."""
    chosen = [word for setting in settings for word in ("-S", setting)]
    return workspace.run("-m", "dvc", "exp", "run", "--temp", "--name", name, *chosen, LAST)


def test_an_experiment_runs_what_depends_on_it_and_leaves_the_workspace(
    workspace: Workspace,
) -> None:
    before = kept(workspace)
    told = experiment(workspace, "weaker", f"{TRANSPORT}=1.0")
    ran = set(re.findall(r"^Running stage '(.+)':", told, re.M))
    assert ran == RECRUITING | {"evaluate", LAST}
    assert kept(workspace) == before

    again = experiment(workspace, "again", f"{TRANSPORT}=1.0", "report.dpi=90")
    assert re.findall(r"^Running stage '(.+)':", again, re.M) == [LAST], "the run cache answers"


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


@pytest.mark.parametrize(("way", "length"), [("--temp", 300), ("--queue", 310)])
def test_a_killed_experiment_goes_on_and_ends_as_one_left_alone(
    workspace: Workspace, way: str, length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MWM_CHECKPOINT_SECONDS", "0")
    shutil.rmtree(workspace.folder / ".mwm" / "checkpoints" / "anchor", ignore_errors=True)
    killed = begin(workspace, way, f"killed{way}", length)
    wait(lambda: done(workspace) > 0)
    for process, command in workspace.processes().items():
        if "stages." not in command:
            os.kill(process, signal.SIGKILL)
    killed.wait()
    wait(lambda: not workspace.processes())
    stopped = done(workspace)
    assert 0 < stopped < length
    assert not workspace.outputs(f"killed{way}")

    resumed = begin(workspace, way, f"resumed{way}", length)
    seen = []

    def ended() -> bool:
        seen.append(done(workspace))
        return seen[-1] == length and bool(workspace.outputs(f"resumed{way}"))

    wait(ended)
    resumed.wait()
    assert min(seen) >= stopped, "it began anew"

    alone = workspace.clone(tmp_path / "alone")
    alone.lay(f"train: {{anchor: {{iterations: {length}}}}}")
    alone.repro("anchor")
    assert alone.outputs().items() <= workspace.outputs(f"resumed{way}").items()


def test_two_workers_at_once_mix_nothing(workspace: Workspace, tmp_path: Path) -> None:
    before = kept(workspace)
    weights = {"three": 3.0, "four": 4.0}
    for name, weight in weights.items():
        setting = f"{TRANSPORT}={weight}"
        workspace.run("-m", "dvc", "exp", "run", "--queue", "--name", name, "-S", setting, LAST)
    workspace.run("-m", "dvc", "queue", "start", "-j", "2")
    wait(lambda: all(workspace.outputs(name) for name in weights))
    assert kept(workspace) == before

    alone = workspace.clone(tmp_path / "alone")
    for name, weight in weights.items():
        constraints = f"{{contrast: 100.0, transport: {weight}}}"
        alone.lay(f"train: {{recruit: {{constraints: {constraints}}}}}")
        alone.repro(LAST)
        assert workspace.outputs(name) == alone.outputs()


def begin(workspace: Workspace, way: str, name: str, length: int) -> subprocess.Popen[bytes]:
    """Begin an experiment with an anchor of so many iterations."""
    setting = f"train.anchor.iterations={length}"
    command = ["exp", "run", way, "--name", name, "-S", setting, "anchor"]
    if way == "--queue":
        workspace.run("-m", "dvc", *command)
        command = ["queue", "start"]
    return subprocess.Popen(
        [sys.executable, "-m", "dvc", *command],
        cwd=workspace.folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def done(workspace: Workspace) -> int:
    """Iterations in the checkpoint of the anchor."""
    places = (workspace.folder / ".mwm" / "checkpoints").glob("anchor/*/latest.safetensors")
    for place in places:
        with safe_open(place, "numpy") as checkpoint:
            return len(json.loads(checkpoint.metadata()["notes"])["history"]["training"])
    return 0


def wait(event: Callable[[], bool]) -> None:
    """Until it happens.

    Raises:
        AssertionError: it does not.
    """
    patience = time.monotonic() + PATIENCE
    while not event():
        assert time.monotonic() < patience, "nothing happens"
        time.sleep(0.2)
