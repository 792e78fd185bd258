"""Training that finds too little memory says what it asked for, and what makes it smaller."""

import subprocess
import sys
from pathlib import Path

import plain_yaml
import pytest

LITTLE = """
import resource
from mwm.training import acts
from stages.train import app
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 500_000_000,) * 2)
app(["see", "mirror"])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("section", "key", "value"), [("batch", "frames", 3_000_000), ("model", "hidden", 65536)]
)
def test_what_was_asked_for_is_told_in_one_line(
    project: Path, section: str, key: str, value: int
) -> None:
    params = plain_yaml.parse(project / "params.yaml")
    params["train"][section][key] = value
    (project / "params.yaml").write_text(plain_yaml.text(params))
    told = subprocess.run(
        [sys.executable, "-c", LITTLE], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert told.stderr.startswith("error: train: expected memory for batches of ")
    assert told.stderr.endswith("finished stages are kept\n")
    assert told.stderr.count("\n") == 1
    assert f" {value} {'frames' if key == 'frames' else 'hidden units of V'}" in told.stderr
    assert f"train.{section}.{key}" in told.stderr
