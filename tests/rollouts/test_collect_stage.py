"""The command: mistakes in one line, nothing half-written, no process left behind."""

import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import brief
import plain_yaml
import pytest
from typer.testing import CliRunner, Result

from mwm.settings.params import Params
from stages import collect

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "stages.collect", "--out", "data/rollouts.h5"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, defaults: Params) -> Path:
    """A folder with a params.yaml that asks for more episodes than a test could wait for."""
    monkeypatch.chdir(tmp_path)
    _set(tmp_path, defaults, episodes=10**6, max_steps=100)
    return tmp_path


def _set(folder: Path, defaults: Params, **values: object) -> None:
    data = defaults.model_dump()
    data["collect"] |= values
    (folder / "params.yaml").write_text(plain_yaml.text(data))


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(collect.app, list(arguments))


def _start(project: Path) -> subprocess.Popen[str]:
    """The command in a process group of its own, some episodes into its work."""
    process = subprocess.Popen(
        [*COMMAND, "--workers", "2"],
        cwd=project,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not any(path.stat().st_size > 50_000 for path in project.glob("data/.*")):
        assert process.poll() is None
        time.sleep(0.05)
    return process


def _group_is_gone(group: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_the_declared_file_is_written(project: Path, defaults: Params) -> None:
    _set(project, defaults, episodes=2, max_steps=5)
    brief.run(collect.app, "--workers", "1")
    assert [path.name for path in (project / "data").iterdir()] == ["rollouts.h5"]


def test_parts_are_kept_aside_and_write_no_file(project: Path, defaults: Params) -> None:
    _set(project, defaults, episodes=3, max_steps=100)
    brief.run(collect.app, "--workers", "1", "--part", "2/2")
    assert not (project / "data").exists()
    assert [path.stem for path in project.glob(".mwm/checkpoints/collect/*/*.saf*")] == ["000001"]


@pytest.mark.parametrize("part", ["", "0/2", "3/2", "1", "1/0", "a/b", "1/2/3"])
def test_a_part_that_there_is_not_is_told(project: Path, part: str) -> None:
    result = _run("--part", part)
    assert result.exit_code == 2
    assert f"error: --part: expected K/N, such as 3/16, with 1 <= K <= N, found {part!r}" in (
        result.output
    )


def test_an_unknown_game_is_a_usage_error(project: Path, defaults: Params) -> None:
    _set(project, defaults, game="ALE/Pnog-v5")
    result = _run()
    assert result.exit_code == 2
    assert "found 'ALE/Pnog-v5'; did you mean 'ALE/Pong-v5'?" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (project / "data").exists()


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("params.yaml/rollouts.h5", "leads through a file"),
        ("params.yaml/deeper/rollouts.h5", "leads through a file"),
        ("/proc/rollouts.h5", "use another place"),
        ("/sys/rollouts.h5", "use another place"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told(project: Path, out: str, told: str) -> None:
    result = _run("--out", out)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {out}: cannot be written: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_limit_to_the_size_of_files_is_told(project: Path) -> None:
    ended = subprocess.run(
        COMMAND,
        cwd=project,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        "error: data/rollouts.h5: cannot be written: File too large; "
        "see `ulimit -f`, and run the command again\n"
    )
    assert list((project / "data").iterdir()) == []


def test_a_full_disk_is_told(project: Path) -> None:
    mounted = "mount -t tmpfs -o size=256k none data && "
    (project / "data").mkdir()
    sandbox = ["unshare", "--mount", "sh", "-c"]
    if subprocess.run([*sandbox, f"{mounted} true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a file system of its own")
    ended = subprocess.run(
        [*sandbox, f"{mounted} {shlex.join(COMMAND)}; echo $? $(ls -A data)"],
        cwd=project,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "1\n"
    assert ended.stderr.splitlines(keepends=True)[-1] == (
        "error: data/rollouts.h5: cannot be written: No space left on device; "
        "free some space or quota there, and run the command again\n"
    )


def test_an_interrupt_ends_all_processes_with_one_line(project: Path) -> None:
    process = _start(project)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.splitlines()[-1] == (
        "interrupted: finished episodes are kept; the same command goes on from there"
    )
    assert list((project / "data").iterdir()) == []
    assert _group_is_gone(process.pid, seconds=5)


def test_workers_leave_when_the_command_is_killed(project: Path) -> None:
    process = _start(project)
    process.kill()
    process.communicate(timeout=20)
    assert _group_is_gone(process.pid, seconds=5)
    assert not (project / "data/rollouts.h5").exists()
