"""A stage in a study's folder is the same stage, with that folder's params."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_a_stage_runs_with_the_folders_params_and_its_seconds_are_noted(
    folder: Path, worlds: Path
) -> None:
    (folder / "data").mkdir()
    shutil.copy(worlds / "frames.h5", folder / "data")
    done = study(folder, "variants", "mirror", "--out", "./made.h5")
    assert done.returncode == 0, done.stderr
    made = (folder / "made.h5").read_bytes()
    assert made != (worlds / "mirror.h5").read_bytes()
    noted = json.loads((folder / "seconds/variants-mirror.json").read_text())
    assert 0 < noted["seconds"] < 60


def test_a_stage_that_fails_fails_the_command_and_leaves_no_seconds(folder: Path) -> None:
    done = study(folder, "variants", "mirror")
    assert done.returncode == 1
    assert done.stderr.startswith("error: data/frames.h5: ")
    assert not (folder / "seconds").exists()


def test_a_folder_without_params_is_told(tmp_path: Path) -> None:
    done = study(tmp_path, "variants", "mirror")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: {tmp_path}: expected a folder with a params.yaml, found none"
    ]
