"""Surroundings in which DVC, or the Python that runs it, cannot work by itself."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import small_project
from small_project import Project


@pytest.mark.parametrize(
    ("name", "value"),
    [("SHELL", "/opt/gone/zsh"), ("PYTHONWARNINGS", "error"), ("PYTHONINSPECT", "1")],
)
def test_mwm_repro_does_not_depend_on_it(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = small_project.new(tmp_path / "p")
    monkeypatch.setenv(name, value)
    process = project.start("mwm", "repro", "start")
    out = process.communicate()[0]
    assert "repro: 1 stages ran" in out
    assert (project / "start.txt").read_text() == "hello\n"


def test_files_of_the_project_are_not_what_dvc_imports(fresh: Project) -> None:
    """DVC imported a secrets.py beside dvc.yaml in the library's place, and ended."""
    (fresh / "secrets.py").write_text("open('ran.txt', 'a').write('once\\n')\n")
    fresh.edit("dvc.yaml", "cmd: cp", "cmd: python secrets.py && cp")
    fresh.mwm("repro", "start")
    assert (fresh / "ran.txt").read_text() == "once\n"


@pytest.mark.parametrize("option", ["--dry", "-n", "--force", "-f", "-s", "--downstream", "-k"])
def test_an_option_of_dvc_repro_is_told_what_to_type(fresh: Project, option: str) -> None:
    told = fresh.mwm("repro", option, code=2)
    assert told.startswith("error: mwm repro: expected its own options, found one of `dvc repro`; ")


def test_what_meta_says_may_be_anything(fresh: Project) -> None:
    """DVC allows a text there, which ended `mwm repro` as a fault of its own."""
    fresh.edit("dvc.yaml", "cmd: cp", "meta: cheap, on a laptop\n    cmd: cp")
    assert "1 stages ran" in fresh.mwm("repro", "start")


def test_a_user_without_name_and_home(tmp_path: Path) -> None:
    """A container's, `docker run --user 12345`."""
    nobody = ("unshare", "--user", "--map-user=12345")
    if not shutil.which("unshare") or subprocess.run([*nobody, "true"], check=False).returncode:
        pytest.skip("no namespaces of users here")
    project = small_project.new(tmp_path / "p")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [*nobody, sys.executable, "-m", "mwm", "repro", "start"],
        cwd=project.folder,
        env={"PATH": path, "PYTHONPATH": str(small_project.ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (project / "start.txt").read_text() == "hello\n"


def test_a_process_with_the_number_of_one_that_is_gone(fresh: Project) -> None:
    """As after a restart of the machine: DVC would wait for it, whatever it is."""
    listed = fresh / ".dvc" / "tmp" / "rwlock"
    listed.parent.mkdir()
    holder = {"pid": os.getpid(), "cmd": "dvc repro"}
    listed.write_text(json.dumps({"write": {str(fresh / "start.txt"): holder}}))
    before = psutil.Process().create_time() - 3600
    os.utime(listed, (before, before))
    assert "ended: DVC will forget it" in fresh.mwm("status")
    assert "repro: 1 stages ran" in fresh.mwm("repro", "start")


@pytest.mark.slow
def test_what_a_killed_run_left_at_work_is_waited_for(tmp_path: Path) -> None:
    project = small_project.new(tmp_path / "p")
    project.edit("dvc.yaml", "cp source.txt", "touch begun; sleep 30; cp source.txt")
    killed = project.start("mwm", "repro", "start")
    while not (project / "begun").exists():
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    out = project.run("mwm", "repro", "start")
    assert "start | waiting for `dvc --wait-for-lock repro --single-item start` (pid " in out
    assert "repro: 0 stages ran, 1 restored or unchanged" in out
