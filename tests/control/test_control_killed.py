"""A training of a policy that is killed goes on where it was, and leaves nobody behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import brief
import plain_yaml
import psutil
import pytest

from mwm.control.training import CURVES
from mwm.runtime.signals import GRACE

UPDATES = 100


def start(folder: Path) -> subprocess.Popen[str]:
    """Begin to train in a folder, with a checkpoint after each update."""
    return subprocess.Popen(
        [sys.executable, "-m", "stages.control", "--workers", "2"],
        cwd=folder,
        env=os.environ | {"DVC_ROOT": str(folder), "MWM_CHECKPOINT_SECONDS": "0"},
        stderr=subprocess.PIPE,
        text=True,
    )


def made(folder: Path) -> dict[str, bytes]:
    """What the training leaves."""
    return {path.name: path.read_bytes() for path in (folder / "runs" / "control").iterdir()}


def came(training: subprocess.Popen[str], folder: Path, at_least: int = 0) -> int:
    """How many updates it tells of, once it tells of so many."""
    file = folder / ".mwm" / "progress" / "control.json"
    while True:
        assert training.poll() is None, training.communicate()
        with suppress(OSError):
            told = json.loads(file.read_text())
            if told["pid"] == training.pid and told["done"] >= at_least:
                return int(told["done"])
        time.sleep(0.01)


@pytest.mark.slow
def test_a_killed_training_goes_on_and_leaves_nobody_behind(tmp_path: Path, worlds: Path) -> None:
    values = brief.of_one_run()
    each = values["control"]["games"] * values["control"]["horizon"]
    values["control"]["steps"] = UPDATES * each
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    (whole / "data").mkdir(parents=True)
    (whole / "data" / "worlds").symlink_to(worlds)
    (whole / "params.yaml").write_text(plain_yaml.text(values))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(whole)
        patch.setenv("DVC_ROOT", str(whole))
        brief.train_one_run()
    shutil.copytree(whole, killed, symlinks=True)
    _, said = (alone := start(whole)).communicate()
    assert alone.returncode == 0, said

    training = start(killed)
    assert came(training, killed, at_least=UPDATES // 4) < UPDATES
    workers = psutil.Process(training.pid).children(recursive=True)
    training.send_signal(signal.SIGKILL)
    training.communicate()
    assert workers
    assert psutil.wait_procs(workers, timeout=GRACE)[1] == []
    assert made(killed) == {}

    again = start(killed)
    assert came(again, killed) >= UPDATES // 4
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert made(killed) == made(whole)
    assert made(whole)[CURVES].count(b"\n") == 1 + UPDATES
