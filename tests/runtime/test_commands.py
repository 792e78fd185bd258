"""Commands end in one line and an exit code that scripts can use."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mwm.runtime import commands
from mwm.runtime.progress import Progress

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import time
from mwm import MwmError, UsageError
from mwm.runtime import commands

app = commands.application("Fail in a way of one's choice.")

@commands.command(app)
def fail(how: str) -> None:
    "Fail."
    if how == "failure":
        raise MwmError("rollouts.h5: not found")
    if how == "usage":
        raise UsageError("params.yaml:3: unknown key")
    if how == "wait":
        print("waiting", flush=True)
        time.sleep(60)
    raise ZeroDivisionError("a bug")

app()
"""


def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("failure", 1, "error: rollouts.h5: not found\n"),
        ("usage", 2, "error: params.yaml:3: unknown key\n"),
    ],
)
def test_a_failure_ends_with_its_line_and_its_code(how: str, code: int, said: str) -> None:
    ended = run("-c", PROGRAM, how)
    assert (ended.returncode, ended.stderr, ended.stdout) == (code, said, "")


def test_help_of_a_single_command_opens_with_the_purpose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Typer shows the function's docstring alone; and it fills examples as paragraphs."""
    app = commands.application("Try.\n\n    python -m try  (once)\n    python -m try\n\nAgain.")

    @commands.command(app)
    def attempt() -> None:
        """Do it."""

    with pytest.raises(SystemExit):
        app(["--help"])
    shown = "  Try.\n\n      python -m try  (once)\n      python -m try\n\n  Again.\n\n  Do it.\n"
    assert shown in capsys.readouterr().out


def test_a_bug_keeps_its_traceback_in_a_file(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    ended = run("-c", PROGRAM, "bug", folder=tmp_path)
    (log,) = tmp_path.glob(".mwm/log/*-c-bug-*.txt")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "error: -c bug: expected no fault in mwm itself, found ZeroDivisionError: a bug; "
        f"please report it with {log.relative_to(tmp_path)}\n"
    )
    assert log.read_text(encoding="utf-8").endswith("ZeroDivisionError: a bug\n")


def test_an_interrupt_ends_with_a_line() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "wait"], stdout=-1, stderr=-1, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "interrupted: nothing is half-written; run the command again\n"


@pytest.mark.parametrize("arguments", [[], ["failure", "more"], ["--unknown"]])
def test_wrong_arguments_are_a_usage_error(arguments: list[str]) -> None:
    ended = run("-c", PROGRAM, *arguments)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "Usage:" in ended.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r"episodes: \d+", "episods: 3", "did you mean 'episodes'?"),
        (r"episodes: \d+", "episodes: many", "expected a valid integer, found 'many'"),
        (r"dpi: \d+", "dpi: 3", "report.dpi: expected greater than or equal to 30, found 3"),
        (r"\[original, mirror\]", "[original, original]", "expected distinct worlds"),
        (r"\[original, mirror\]", "[original, mirro]", "did you mean 'mirror'?"),
    ],
)
def test_a_stage_refuses_faulty_params_before_it_does_anything(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text, count = re.subn(old, new, (ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert count == 1
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    ended = run("-m", "stages.variants", "mirror", folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    lines = ended.stderr.splitlines()
    assert all(line.startswith("error: params.yaml:") for line in lines)
    assert said in lines[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_progress_off_a_terminal_is_a_plain_line_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress("collect", total=1000, unit="frames", every_seconds=0.05) as progress:
        time.sleep(0.06)
        for _ in range(1000):
            progress.advance(note="reward -3")
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) < 100
    assert lines[0].startswith("collect: 1/1,000 frames, ")
    assert lines[0].endswith(", reward -3")
    assert lines[-1].startswith("collect: 1,000/1,000 frames, ")


def test_progress_tells_rate_and_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with Progress("train", total=300, unit="steps", every_seconds=0.0) as progress:
        clock[0] += 40
        progress.advance(100)
        assert progress.rate == 2.5
    first = capsys.readouterr().err.splitlines()[0]
    assert first == "train: 100/300 steps, 2.5 steps/s, ETA 1:20"


def test_progress_says_nothing_more_once_a_command_has_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(RuntimeError, match="disk"), Progress("collect", 10, "frames"):
        raise RuntimeError("disk")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("given", "expected"), [({}, "0"), ({"GOMP_SPINCOUNT": "9"}, "9")])
def test_commands_keep_the_threads_of_torch_from_spinning_unless_told_otherwise(
    given: dict[str, str], expected: str
) -> None:
    pinned = "import os; from mwm.runtime import kernels; kernels.pin()"
    code = f"{pinned}; print(os.environ['GOMP_SPINCOUNT'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT), **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected
