"""`mwm repro` runs DVC's stages as DVC does, and tells how long is left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mwm.pipeline.foreign import unbound
from mwm.pipeline.times import USUAL, Outlook

PIPELINE = """
stages:
  see:
    foreach: {mirror: 1, vswap: 2}
    do:
      cmd: python see.py ${key} ${item}
      deps: [see.py]
      outs: ["${key}.txt"]
  report:
    cmd: python see.py report 3
    deps: [see.py, mirror.txt, vswap.txt]
    outs: [report.txt]
"""
STAGE = "import sys, pathlib; pathlib.Path(sys.argv[1] + '.txt').write_text(sys.argv[2])\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], env=unbound(), check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "see.py").write_text(STAGE)
    return tmp_path


def start(folder: Path, *targets: str) -> subprocess.Popen[str]:
    environment = unbound() | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.Popen(
        [sys.executable, "-m", "mwm", "repro", *targets],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def repro(folder: Path, *targets: str) -> tuple[int, list[str]]:
    process = start(folder, *targets)
    out = process.communicate()[0]
    return process.returncode, [line for line in out.splitlines() if line.startswith("repro: ")]


def test_every_stage_that_runs_is_announced_with_the_time_left(folder: Path) -> None:
    code, told = repro(folder)
    assert code == 0
    minutes = (2 * USUAL["see"] + USUAL["report"]) / 60
    assert told[0] == f"repro: see@mirror is 1 of 3; at most about {minutes:.0f} min left"
    assert told[1].startswith("repro: see@vswap is 2 of 3; at most about ")
    assert told[2].startswith("repro: report is 3 of 3; at most about ")
    assert told[3].startswith("repro: done in 0:")
    times = json.loads((folder / ".mwm/times.json").read_text())
    assert times.keys() == {"see@mirror", "see@vswap", "report"}
    assert max(times.values()) < 30

    assert repro(folder) == (0, [])  # nothing to do: nothing said

    (folder / "dvc.yaml").write_text(PIPELINE.replace("vswap: 2", "vswap: 4"))
    code, told = repro(folder)
    assert [line.split(";")[0] for line in told[:2]] == [
        "repro: see@vswap is 2 of 3",
        "repro: report is 3 of 3",
    ]
    assert told[0].endswith(" s left"), "the times of the last run count, not the usual ones"


def test_of_a_target_and_what_it_comes_from_alone(folder: Path) -> None:
    told = repro(folder, "see@vswap")[1]
    assert told[0].startswith("repro: see@vswap is 1 of 1;")
    told = repro(folder, "report")[1]
    assert [line.split(";")[0] for line in told[:2]] == [
        "repro: see@mirror is 1 of 3",
        "repro: report is 3 of 3",
    ]


def test_a_failed_stage_fails_the_command_and_leaves_no_time(folder: Path) -> None:
    (folder / "see.py").write_text(f"{STAGE}sys.exit(sys.argv[1] == 'vswap')\n")
    code, told = repro(folder)
    assert code != 0
    assert not any("done" in line for line in told)
    assert json.loads((folder / ".mwm/times.json").read_text()).keys() == {"see@mirror"}


def test_a_damaged_file_of_times_is_no_obstacle(folder: Path) -> None:
    (folder / ".mwm").mkdir()
    (folder / ".mwm/times.json").write_text("[1, 2")
    assert repro(folder)[0] == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_dvc_and_the_stage_too(folder: Path, sent: signal.Signals) -> None:
    (folder / "see.py").write_text(
        "import time, os; print(os.getpid(), flush=True); time.sleep(60)"
    )
    process = start(folder)
    assert process.stdout is not None
    stage = next(int(line) for line in process.stdout if line.strip().isdigit())
    os.killpg(process.pid, sent)  # as a terminal does, and `timeout`
    process.communicate(timeout=20)
    assert process.returncode != 0
    deadline = time.monotonic() + 10
    while Path(f"/proc/{stage}").exists():
        assert time.monotonic() < deadline, "the stage still runs"
        time.sleep(0.05)


def test_the_pace_of_this_run_scales_what_is_left() -> None:
    outlook = Outlook(["anchor", "recruit@a", "recruit@b"], {})
    assert outlook.seconds() == USUAL["anchor"] + 2 * USUAL["recruit"]
    outlook.finish("anchor", 2 * USUAL["anchor"])
    outlook.visit(["anchor", "recruit@a"])
    assert outlook.seconds() == 4 * USUAL["recruit"]
    assert outlook.times == {"anchor": 2 * USUAL["anchor"]}
