"""Stages compute alike whatever the environment says; what of it was set aside is told."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import plain_yaml
import pytest

from mwm.runtime import kernels
from mwm.settings.arithmetic import CHANGING, KERNELS, THREADS

ROOT = Path(__file__).resolve().parents[2]
SET_ASIDE = "note: set aside, as it would change or falsify results: "


def python(
    *words: str, folder: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if k not in THREADS | CHANGING | KERNELS}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=own | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def see(project: Path, **environment: str) -> tuple[str, dict[str, str], bytes]:
    """See the original with two threads; stderr, the manifest's environment, the weights."""
    values = plain_yaml.parse(project / "params.yaml")
    values["train"]["run"]["threads"] = 2
    (project / "params.yaml").write_text(plain_yaml.text(values))
    shutil.rmtree(project / ".mwm", ignore_errors=True)  # else from the last run's checkpoints
    for stage in (["see", "original"], ["anchor"]):  # which trains M
        done = python("-m", "stages.train", *stage, folder=project, **environment)
        assert done.returncode == 0, done.stderr
    folder = project / "runs" / "anchor"
    manifest = json.loads((folder / "manifest.json").read_text())
    weights = (folder / "model.safetensors").read_bytes()
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: set")]
    return "\n".join(notes), manifest["environment"], weights


@pytest.mark.slow
def test_what_falsifies_or_changes_results_is_set_aside_and_told(project: Path) -> None:
    said, recorded, weights = see(project)
    assert said == ""
    variables = {"OMP_DYNAMIC": "true", "OMP_THREAD_LIMIT": "1", "MKL_NUM_STRIPES": "4"}
    more = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "avx2,strict", "OMP_NUM_THREADS": "1"}
    told = "OMP_DYNAMIC=true, OMP_THREAD_LIMIT=1, MKL_NUM_STRIPES=4, ATEN_CPU_CAPABILITY=default"
    again, same, others = see(project, **variables, **more)
    assert again == f"{SET_ASIDE}{told} (docs/reproducibility.md)"
    assert (same, others) == (recorded, weights)
    assert recorded["threads"] == "2"
    if recorded["kernels"] == "AVX2":
        fixed = "ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_CBWR=AVX2,STRICT"
        assert recorded["fixed"] == fixed


PIN = """
import json, os
from mwm.runtime import kernels
kernels.pin()
print(json.dumps({**os.environ}))
"""


def test_native_kernels_are_the_users_but_threads_stay_right() -> None:
    done = python("-c", PIN, MWM_KERNELS="native", MKL_CBWR="AVX512", OMP_THREAD_LIMIT="1")
    left = json.loads(done.stdout)
    assert "ONEDNN_MAX_CPU_ISA" not in left
    assert left["MKL_CBWR"] == "AVX512"
    assert "OMP_THREAD_LIMIT" not in left
    assert done.stderr == f"{SET_ASIDE}OMP_THREAD_LIMIT=1 (docs/reproducibility.md)\n"


def test_kernels_are_fixed_only_where_the_processor_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An old processor, and Arm's, have no AVX2."""
    for name in THREADS | CHANGING | KERNELS:
        monkeypatch.setenv(name, "")  # so that what is set here ends with the test
        monkeypatch.delenv(name)
    monkeypatch.delenv(kernels.CHOICE, raising=False)
    old = ["model name\t: Old", "flags\t\t: fpu sse2 avx"]
    monkeypatch.setattr(kernels, "_cpuinfo", lambda: old)
    kernels.pin()
    assert KERNELS.keys().isdisjoint(os.environ)
    assert kernels.processor() == "Old avx"
    new = ["model name\t: New", "flags\t\t: fpu avx avx2 avx512f avx512dq"]
    monkeypatch.setattr(kernels, "_cpuinfo", lambda: new)
    kernels.pin()
    assert {name: os.environ[name] for name in KERNELS} == KERNELS
    assert kernels.processor() == "New avx512f"
    assert capsys.readouterr().err == "", "nothing of the user's was set aside"


TINY = """
import threading
from mwm.runtime import kernels
{call}
import torch
torch.set_num_threads(2)
many = torch.full((1_000_000,), 1e-38)  # enough for PyTorch to divide among its threads
work = lambda: print((many * 0.1).max().item())
work()
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


FLUSHES = sys.platform == "linux" and platform.machine() == "x86_64"


@pytest.mark.skipif(not FLUSHES, reason="denormals are left alone here")
def test_denormal_numbers_are_zero_in_all_threads_of_a_stage() -> None:
    """With them a step of `see` took three times as long on an Intel Xeon."""
    assert "0.0\n" not in python("-c", TINY.format(call="")).stdout
    done = python("-c", TINY.format(call="kernels.flush_denormals()"))
    assert (done.stdout, done.stderr) == ("0.0\n0.0\n", "")


SHOW = """
import numpy
from mwm.io.spawn import spawn
from mwm.runtime import commands

app = commands.application("Show.")

def work(connection) -> None:
    connection.send(numpy.float32(1e-38) * numpy.float32(0.1) == 0)

@commands.stage(app)
def show() -> None:
    "Show."
    print(numpy.float32(1e-38) * numpy.float32(0.1) == 0)
    connection, _ = spawn(work)
    print(connection.recv())

if __name__ == "__main__":
    app()
"""


def test_a_stage_flushes_denormals_and_so_do_its_workers(tmp_path: Path) -> None:
    """Else the number of workers would decide what is 0."""
    (tmp_path / "show.py").write_text(SHOW)
    told = python("show.py", folder=tmp_path).stdout
    assert told == 2 * f"{FLUSHES}\n"


def test_another_choice_of_kernels_is_refused_by_a_stage(project: Path) -> None:
    done = python("-m", "stages.train", "see", "original", folder=project, MWM_KERNELS="natve")
    assert done.returncode == 2
    assert done.stderr == "error: MWM_KERNELS: expected fixed or native, found 'natve'\n"


def test_commands_that_are_no_stage_hand_nothing_on(tmp_path: Path) -> None:
    """`mwm repro` runs the stages of any project."""
    app = "from mwm.runtime import commands; import os; app = commands.application('Show.')\n"
    show = (
        "@commands.command(app)\ndef show() -> None:\n    'Show.'\n    print({**os.environ})\napp()"
    )
    done = python("-c", app + show, OMP_DYNAMIC="true")
    assert done.stderr == ""
    assert "'OMP_DYNAMIC': 'true'" in done.stdout
    assert "MKL_CBWR" not in done.stdout
