"""The self-test of arithmetic, in processes of their own, since libgomp reads settings once."""

import os
import subprocess
import sys
from pathlib import Path

import plain_yaml
import pytest
import torch

from mwm.models import selftest
from mwm.models.model import initialise, save

ROOT = Path(__file__).resolve().parents[2]
ONE_OF_TWO = {"OMP_THREAD_LIMIT": "1"}  # always, as OMP_DYNAMIC does on a busy machine
WARNED = "RuntimeWarning: mwm.load: PyTorch computes wrongly here"


def python(
    *words: str, folder: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "GOMP_SPINCOUNT": "0"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


CHECK = """
import torch
from mwm.models import selftest
for threads in {threads}:
    torch.set_num_threads(threads)
    print(selftest.threads(), flush=True)
    selftest.check(torch.device("cpu"))
"""


def test_a_sound_machine_passes_at_any_number_of_threads() -> None:
    done = python("-c", CHECK.format(threads=[1, 2, 5]))
    assert (done.returncode, done.stdout) == (0, "1\n2\n5\n"), done.stderr


@pytest.mark.parametrize(
    ("variable", "threads", "given"),
    [("OMP_THREAD_LIMIT=1", 2, 1), ("OMP_THREAD_LIMIT=7", 8, 7), ("OMP_MAX_ACTIVE_LEVELS=0", 2, 1)],
)
def test_fewer_threads_than_were_asked_for_are_found_out(
    variable: str, threads: int, given: int
) -> None:
    name, value = variable.split("=")
    done = python("-c", CHECK.format(threads=[threads]), **{name: value})
    assert (done.returncode, done.stdout) == (1, f"{given}\n")
    assert "PyTorch computes wrongly here: expected an LSTM with gradients right" in done.stderr
    assert f"with {threads} threads asked for and {given} given" in done.stderr


def test_it_leaves_no_trace() -> None:
    before = torch.random.get_rng_state(), torch.get_num_threads()
    selftest.check(torch.device("cpu"))
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]


@pytest.fixture
def two_threads(project: Path) -> Path:
    """The project, which asks for two threads."""
    values = plain_yaml.parse(project / "params.yaml")
    values["train"]["run"]["threads"] = 2
    (project / "params.yaml").write_text(plain_yaml.text(values))
    return project


SEE_UNGUARDED = """
import sys
from mwm.runtime import kernels
kernels.pin = lambda: None  # as where OpenMP holds threads back for a reason that no variable tells
from stages.train import app
app(["see", "original"])
"""


def test_a_stage_stops_on_a_broken_machine_in_one_line_before_it_writes(two_threads: Path) -> None:
    done = python("-c", SEE_UNGUARDED, folder=two_threads, **ONE_OF_TWO)
    assert done.returncode == 1
    assert done.stderr.startswith("error: PyTorch computes wrongly here: ")
    assert done.stderr.count("\n") == 1
    assert not (two_threads / "runs").exists()


LOAD = "import mwm, torch; torch.set_num_threads(2); mwm.load('m'); mwm.load('m')"


def test_the_library_warns_once_per_process(tmp_path: Path, defaults) -> None:
    """And not where PyTorch is right, or each test that loads a model would fail."""
    save(initialise(defaults.train.model, ["original"], 6, seed=0), tmp_path / "m", {})
    done = python("-W", "always", "-c", LOAD, folder=tmp_path, **ONE_OF_TWO)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(WARNED) == 1
    assert done.stderr.startswith("<string>:1: ")
