"""Under a Git hook, neither the tests nor `mwm` touch the repository that the hook is for."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from workspace import ROOT, Workspace, git

from mwm.pipeline.subprocess_environment import BINDING

pytestmark = pytest.mark.slow

TESTS = Path(__file__).resolve().parents[1]
THESE = (  # each sets up a repository by another helper
    "tests/pipeline/test_subprocess_environment.py::test_a_copy_of_the_project_is_a_repository_of_its_own",
    "tests/runtime/test_steadiness.py::test_a_change_of_what_the_stage_reads_fails_it[_params-params.yaml]",
    "tests/pipeline/test_repro.py::test_a_damaged_file_of_times_is_no_obstacle",
    "tests/pipeline/test_plan.py::test_in_a_clone_without_data_all_would_run",
)
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "slow or not slow"]
PIPELINE = """
stages:
  where:
    cmd: git rev-parse --show-toplevel > where.txt
    outs: [where.txt]
"""
SCRIPT = "import sys, pathlib, workspace; workspace.Workspace(pathlib.Path(sys.argv[1]))"


@pytest.fixture
def hooked(tmp_path: Path) -> Path:
    """The linked worktree of a repository with one commit."""
    main, linked = tmp_path / "main", tmp_path / "linked"
    git(tmp_path, "init", "--quiet", str(main))
    (main / "kept.txt").write_text("mine\n")
    (main / ".gitignore").write_text("data.txt\n")
    commit(main)
    git(main, "worktree", "add", "--quiet", str(linked))
    (linked / "data.txt").write_text("ignored\n")
    return linked


def commit(folder: Path) -> None:
    """As a user does, hooks included."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "mine")


def state(linked: Path) -> list[str]:
    """All that Git knows of a repository and its linked worktree."""
    main = linked.parent / "main"
    asked = ("log --all --format=%H%s", "config --local --list", "status --porcelain --ignored")
    return [git(folder, *words.split()) for folder in (main, linked) for words in asked]


def bound(linked: Path) -> dict[str, str]:
    """The environment of a hook in a linked worktree."""
    own = git(linked, "rev-parse", "--absolute-git-dir").strip()
    return os.environ | {
        "GIT_DIR": own,
        "GIT_WORK_TREE": str(linked),
        "GIT_INDEX_FILE": f"{own}/index",
        "PYTHONPATH": f"{ROOT}:{TESTS}",
    }


def test_a_copy_of_the_project_is_a_repository_of_its_own(tmp_path: Path) -> None:
    Workspace(tmp_path)
    assert git(tmp_path, "rev-parse", "--show-toplevel").strip() == str(tmp_path.resolve())
    assert git(tmp_path, "log", "--format=%s") == "state\n"


def test_the_tests_leave_the_repository_of_variables_alone(hooked: Path) -> None:
    before = state(hooked)
    done = subprocess.run(
        [*PYTEST, *THESE], cwd=ROOT, env=bound(hooked), capture_output=True, text=True, check=False
    )
    assert state(hooked) == before
    assert done.returncode == 0, done.stdout


def test_a_script_leaves_it_alone(hooked: Path, tmp_path: Path) -> None:
    """tests/smoke.py and tests/torture.py copy the project so, without pytest."""
    before = state(hooked)
    (tmp_path / "copy").mkdir()
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "copy")]
    done = subprocess.run(
        command, cwd=tmp_path, env=bound(hooked), capture_output=True, text=True, check=False
    )
    assert state(hooked) == before
    assert done.returncode == 0, done.stderr


def test_the_tests_leave_the_repository_of_a_real_hook_alone(hooked: Path) -> None:
    hook = hooked.parent / "main/.git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ncd {shlex.quote(str(ROOT))} && {shlex.join([*PYTEST, THESE[0]])}")
    hook.chmod(0o755)
    before = state(hooked)
    (hooked / "kept.txt").write_text("mine, too\n")
    commit(hooked)
    after = state(hooked)
    assert after[0].count("\n") == before[0].count("\n") + 1, "the user's commit and no other"
    assert after[1:3] + after[4:] == before[1:3] + before[4:], "config, status"


@pytest.mark.parametrize("command", ["mwm run", "mwm repro"])
def test_a_command_and_its_stages_use_the_repository_around_them(
    hooked: Path, tmp_path: Path, command: str
) -> None:
    project = tmp_path / "project"
    git(tmp_path, "init", "--quiet", str(project))
    (project / ".dvc").mkdir()
    (project / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (project / "dvc.yaml").write_text(PIPELINE)
    before = state(hooked)
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=project,
        env=bound(hooked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "where.txt").read_text().strip() == str(project.resolve())
    assert "where.txt" in (project / ".gitignore").read_text()
    assert state(hooked) == before


def test_every_variable_that_git_names_is_dropped() -> None:
    names = git(ROOT, "rev-parse", "--local-env-vars").split()
    assert {name for name in names if not name.startswith("GIT_CONFIG")} <= BINDING
