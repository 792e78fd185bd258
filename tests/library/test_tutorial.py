"""The Python of the README, of docs/library.md and of the notebook runs as it is written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import notebook
import pytest

ROOT = notebook.ROOT


def execute(blocks: list[str], folder: Path) -> str:
    """Run the blocks one after the other in a process of their own; what they print.

    Warnings are errors, but for those of plotting without a screen.
    """
    code = "\n".join(blocks)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/library.md"])
def test_the_code_of_a_page_runs(trained, page):
    blocks = notebook.blocks(ROOT / page)
    assert blocks
    shapes = ["assert frames.shape == (100, 512), z.shape == (100, 32)"]
    printed = execute([*blocks, *(shapes if page == "README.md" else [])], trained)
    if page == "docs/library.md":
        assert "(200, 64, 64) float32" in printed
        assert "of all pixels are right" in printed
        assert "mirror -> original" in printed
        assert "found 'miror'; did you mean 'mirror'?" in printed


@pytest.mark.slow
def test_the_cells_of_the_notebook_run_in_its_folder(trained):
    cells = json.loads(notebook.NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    folder = trained / "examples"
    folder.mkdir(exist_ok=True)
    assert "mirror -> original" in execute(codes, folder)


def test_the_notebook_is_the_tutorial():
    assert notebook.NOTEBOOK.read_text(encoding="utf-8") == notebook.notebook(), (
        "make it again: python tests/library/notebook.py"
    )
