"""The Python of docs/environments.md runs as it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mwm.models.model import initialise, save
from mwm.settings.params import Params

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_code_of_the_page_runs(tmp_path: Path, defaults: Params) -> None:
    save(
        initialise(defaults.train.model, ["original", "mirror"], 6, 0), tmp_path / "runs/mirror", {}
    )
    page = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) == 4
    (tmp_path / "page.py").write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "page.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "(8, 288)" in done.stdout
