"""A worker on its own: how it ends when it is told to, or when who started it is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_project import wait_for

from mwm.engines.attempt import Attempt
from mwm.engines.job import File, Job
from mwm.engines.store import Store, md5_of
from mwm.engines.worker import STOPPED

PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder for workspaces."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job whose inputs take seconds to copy."""
    store, content = Store(tmp_path / "store"), tmp_path / "content"
    content.write_bytes(bytes(2**25))
    store.put(content, store.extra(md5 := md5_of(content)))
    deps = [File(f"{name}.bin", md5) for name in range(30)]
    return Job("make", ["touch made"], ".", deps, [], ["made"], 1, {}, "").write(store)


def begin(job: Path, scratch: Path, *before: str) -> "subprocess.Popen[bytes]":
    """Start a worker, by another process if its words stand `before`; it copies inputs then."""
    words = [*before, sys.executable, "-m", "mwm.engines.worker", str(job), "1"]
    others = {*scratch.iterdir()}
    process = subprocess.Popen(words, env=os.environ | {"MWM_SCRATCH": str(scratch)})
    wait_for(lambda: {file.parent for file in scratch.glob("*/*.bin")} - others)
    return process


def test_a_signal_ends_a_worker_that_copies_inputs_and_leaves_no_workspace(
    job: Path, scratch: Path
) -> None:
    process = begin(job, scratch)
    process.terminate()
    assert process.wait(10) == STOPPED
    assert Attempt(job.parent, "1").log.read_text().startswith("stopped: ")
    assert not [*scratch.iterdir()]


def test_a_worker_whose_parent_dies_while_it_copies_runs_no_command(
    job: Path, scratch: Path
) -> None:
    """It took the one that adopted it for its parent, and went on."""
    parent = begin(job, scratch, sys.executable, "-c", PARENT)
    parent.kill()
    parent.wait()
    wait_for(lambda: not [*scratch.iterdir()], 10)
    assert Attempt(job.parent, "1").log.read_text().startswith("stopped: ")


def test_the_next_worker_removes_what_a_killed_one_left(job: Path, scratch: Path) -> None:
    """A node whose workers were killed for want of memory kept all that they had copied."""
    killed, works = begin(job, scratch), begin(job, scratch)
    (other := scratch / "mwm-other").mkdir()
    killed.kill()
    killed.wait()
    third = begin(job, scratch)
    assert len({file.parent for file in scratch.glob("*/*.bin")}) == 2
    for process in (works, third):
        process.terminate()
        assert process.wait(10) == STOPPED
    assert [*scratch.iterdir()] == [other]
