"""A stage whose deps or params change while it runs fails, so that DVC records nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mwm.pipeline.subprocess_environment import unbound

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
STAGE = """
import time
from pathlib import Path
from mwm.runtime import commands

app = commands.application("A stage that waits until it may end.")


@commands.command(app)
def stage() -> None:
    Path("begun").touch()
    while not Path("end").exists():
        time.sleep(0.02)
    Path("out.txt").write_text("made of what was there at the start")


app()
"""
PIPELINE = """
stages:
  one:
    cmd: python stage.py
    deps: [stage.py, data, code]
    params: [train.see]
    outs: [out.txt]
"""
PARAMS = "train:\n  see: {kl: 1.0}\n  anchor: {kl: 1.0}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], env=unbound(), check=True)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (tmp_path / "stage.py").write_text(STAGE)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/frames.bin").write_bytes(bytes(100_000))
    (tmp_path / "code/inner").mkdir(parents=True)
    (tmp_path / "code/one.py").write_text("")
    (tmp_path / "code/inner/two.py").write_text("")
    (tmp_path / ".dvcignore").write_text("__pycache__/\n*.log\n")
    return tmp_path


def repro(folder: Path, meanwhile: Callable[[Path], object]) -> tuple[int, str]:
    """`dvc repro`, and something that happens while its stage runs."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=folder,
        env=unbound() | {"PATH": path, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (folder / "begun").exists():
        assert time.monotonic() < deadline, "the stage did not begin"
        time.sleep(0.02)
    meanwhile(folder)
    (folder / "end").touch()
    out = process.communicate()[0]
    return process.returncode, out


def _params(folder: Path) -> None:
    (folder / "params.yaml").write_text(PARAMS.replace("see: {kl: 1.0}", "see: {kl: 7.0}"))


def _code(folder: Path) -> None:
    (folder / "stage.py").write_text(f"{STAGE}# edited\n")


def _data(folder: Path) -> None:
    (folder / "data/frames.bin").write_bytes(bytes(99_999) + b"1")


def _added(folder: Path) -> None:
    (folder / "data/new.bin").write_bytes(b"")


def _inside(folder: Path) -> None:
    (folder / "code/inner/two.py").write_text("edited = True\n")


def _removed(folder: Path) -> None:
    (folder / "code/one.py").unlink()


@pytest.mark.parametrize(
    ("edit", "file"),
    [
        (_params, "params.yaml"),
        (_code, "stage.py"),
        (_data, "data/frames.bin"),
        (_added, "data/new.bin"),
        (_inside, "code/inner/two.py"),
        (_removed, "code/one.py"),
    ],
)
def test_a_change_of_what_the_stage_reads_fails_it(
    folder: Path, edit: Callable[[Path], object], file: str
) -> None:
    code, said = repro(folder, edit)
    assert code != 0
    assert f"error: {file}: expected it to stay as it was while one ran" in said
    assert not (folder / "dvc.lock").exists()
    assert not (folder / ".dvc/cache/runs").exists()


def _nothing(folder: Path) -> None:
    pass


def _comment(folder: Path) -> None:
    (folder / "params.yaml").write_text(f"# a comment\n{PARAMS}")


def _other(folder: Path) -> None:
    (folder / "params.yaml").write_text(PARAMS.replace("anchor: {kl: 1.0}", "anchor: {kl: 7.0}"))


def _touched(folder: Path) -> None:
    os.utime(folder / "stage.py")


def _ignored(folder: Path) -> None:
    """What Python, and others, leave in a folder of code."""
    (folder / "code/inner/__pycache__").mkdir()
    (folder / "code/inner/__pycache__/two.cpython-311.pyc").write_bytes(b"compiled")
    (folder / "code/tests.log").write_text("all is well")


@pytest.mark.parametrize("edit", [_nothing, _comment, _other, _touched, _ignored])
def test_a_change_that_does_not_concern_the_stage_does_not(
    folder: Path, edit: Callable[[Path], object]
) -> None:
    code, said = repro(folder, edit)
    assert code == 0, said
    assert "out.txt" in (folder / "dvc.lock").read_text()
