"""A stage in a study's folder is the same stage, with that folder's params."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mwm.io.frames import read_frames

ROOT = Path(__file__).resolve().parents[1]


def study(folder: Path, stage: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"stages.{stage}", *words, "--folder", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study's folder in which `mirror` is another world than in the project."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert text.count("mirror: [mirror]") == 1
    (tmp_path / "params.yaml").write_text(text.replace("mirror: [mirror]", "mirror: [transpose]"))
    return tmp_path


def test_a_stage_runs_with_the_folders_params(folder: Path, worlds: Path) -> None:
    (folder / "data").mkdir()
    shutil.copy(worlds / "frames.h5", folder / "data")
    done = study(folder, "variants", "mirror", "--out", "./made.h5")
    assert done.returncode == 0, done.stderr
    made = read_frames(folder / "made.h5", "world")
    assert np.array_equal(made.frames, read_frames(worlds / "transpose.h5", "world").frames)


def test_a_folder_without_params_is_told(tmp_path: Path) -> None:
    done = study(tmp_path, "variants", "mirror")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: {tmp_path}: expected a folder with a params.yaml, found none"
    ]
