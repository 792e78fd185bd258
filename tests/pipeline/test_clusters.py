"""`mwm repro --on ray` and `--on slurm`, on real clusters of two nodes on this machine."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from clusters import kill_node, ray_cluster, second_raylet, slurm_cluster, slurm_is_here
from small_project import Project, new, wait_for

from mwm import MwmError
from mwm.engines.cluster import Slurm
from mwm.engines.slurm import SlurmEngine

pytestmark = pytest.mark.slow

WORLDS = ("world@a", "world@b")
needs_slurm = pytest.mark.skipif(not slurm_is_here(), reason="needs Slurm's packages, and root")
SMALL = "slurm: {memory: 300M, time: '10:00'}\nray: {memory: 0.1}\n"


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path."""
    with tempfile.TemporaryDirectory(prefix="c", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def ray(short: Path) -> Iterator[dict[str, str]]:
    with ray_cluster(short) as variables:
        yield variables


@pytest.fixture
def slurm(short: Path) -> Iterator[dict[str, str]]:
    with slurm_cluster(short) as variables:
        yield variables


def sleep(seconds: int) -> str:
    """The command that sleeps so long, by words that no other run of these tests has."""
    return f"sleep {seconds}.{os.getpid()}"


def asleep(seconds: int) -> list[psutil.Process]:
    """The processes that do."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cmdline() == sleep(seconds).split():
                found.append(process)
        except psutil.Error:
            continue
    return found


def slowed(project: Project, seconds: int) -> None:
    project.edit("dvc.yaml", "mkdir -p w/${key}", f"{sleep(seconds)} && mkdir -p w/${{key}}")
    (project / "cluster.yaml").write_text(SMALL)


def both_asleep(
    project: Project, engine: str, seconds: int, variables: dict[str, str]
) -> "subprocess.Popen[str]":
    """`mwm repro` of two stages that sleep, once both do."""
    slowed(project, seconds)
    process = project.start("mwm", "repro", "--on", engine, *WORLDS, **variables)
    wait_for(lambda: len(asleep(seconds)) == 2, 90)
    return process


@pytest.mark.parametrize("engine", ["ray", pytest.param("slurm", marks=needs_slurm)])
def test_a_cluster_leaves_what_dvc_repro_leaves(
    fresh: Project, tmp_path: Path, request: pytest.FixtureRequest, engine: str
) -> None:
    (fresh / "cluster.yaml").write_text(SMALL)
    out = fresh.run("mwm", "repro", "--on", engine, **request.getfixturevalue(engine))
    assert "6 stages ran" in out
    assert "raylet" not in out
    serial = new(tmp_path / "serial")
    serial.run("dvc", "repro")
    assert (fresh / "dvc.lock").read_bytes() == (serial / "dvc.lock").read_bytes()
    fresh.run("dvc", "checkout")
    assert (fresh / "joined.txt").read_bytes() == (serial / "joined.txt").read_bytes()
    assert "up to date" in fresh.run("dvc", "status")


def test_how_exactly_to_compute_is_told_to_workers_of_ray(
    fresh: Project, ray: dict[str, str]
) -> None:
    """They had the environment of the raylet alone."""
    (fresh / "cluster.yaml").write_text(SMALL)
    fresh.edit("dvc.yaml", "cp source.txt start.txt", "echo $MWM_KERNELS > start.txt")
    fresh.run("mwm", "repro", "--on", "ray", "start", MWM_KERNELS="native", **ray)
    fresh.run("dvc", "checkout", "start")
    assert (fresh / "start.txt").read_text() == "native\n"


def test_a_head_without_the_token_of_a_cluster_is_refused(
    fresh: Project, ray: dict[str, str]
) -> None:
    out = fresh.run("mwm", "repro", "--on", "ray", code=1, RAY_ADDRESS=ray["RAY_ADDRESS"])
    assert out.count("\n") == 1
    assert "RAY_AUTH_MODE=token if it has a token" in out


@pytest.mark.parametrize("asked", ["{memory: 99999}", "{gpus: 0.5}"])
def test_a_stage_for_which_no_node_of_ray_will_do_is_told_at_once(
    fresh: Project, ray: dict[str, str], asked: str
) -> None:
    """Ray itself would wait for ever."""
    (fresh / "cluster.yaml").write_text(f"ray: {asked}\n")
    out = fresh.run("mwm", "repro", "--on", "ray", code=1, **ray)
    assert "error: ray: expected a node of 1 cores, " in out
    assert out.count("\n") == 1


def test_a_stage_whose_raylet_dies_runs_on_the_other(
    fresh: Project, ray: dict[str, str], short: Path
) -> None:
    process = both_asleep(fresh, "ray", 13, ray)
    raylet = second_raylet(short)
    doomed = [p for p in asleep(13) if raylet in p.parents()]
    raylet.kill()
    wait_for(lambda: not any(p.is_running() for p in doomed), 20)
    out = process.communicate(timeout=120)[0]
    assert process.returncode == 0, out
    assert out.count("its worker ended before the stage did") == 1
    assert (fresh / "dvc.lock").read_text().count("world@") == 2


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("engine", ["ray", pytest.param("slurm", marks=needs_slurm)])
def test_an_interrupt_leaves_nothing_at_work(
    fresh: Project, request: pytest.FixtureRequest, engine: str, sent: signal.Signals
) -> None:
    """Ray took SIGTERM for itself, and ended the head without a word."""
    process = both_asleep(fresh, engine, 99, request.getfixturevalue(engine))
    process.send_signal(sent)
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 130, out
    assert "stages that had ended are kept" in out
    wait_for(lambda: not asleep(99), 20)


@needs_slurm
def test_a_job_whose_slurm_node_dies_runs_on_the_other(
    fresh: Project, slurm: dict[str, str], short: Path
) -> None:
    process = both_asleep(fresh, "slurm", 14, slurm)
    job, node = told(slurm, "squeue", "-h", "-o", "%i %N").split("\n")[0].split()
    kill_node(short, node, job)
    out = process.communicate(timeout=400)[0]
    assert process.returncode == 0, out
    assert (fresh / "dvc.lock").read_text().count("world@") == 2
    assert len(re.findall(f"{sleep(14)} ", out)) == 3


@needs_slurm
def test_a_job_that_is_told_to_end_goes_on_from_its_checkpoint(
    fresh: Project, slurm: dict[str, str]
) -> None:
    """As before its time is over; the head is in an allocation, whose variables bind no job."""
    mark = "$MWM_CHECKPOINTS/half"
    half = f"(test -e {mark} || (touch {mark} && {sleep(97)}))"
    fresh.edit("dvc.yaml", "mkdir -p w/${key}", f"{half} && mkdir -p w/${{key}}")
    (fresh / "cluster.yaml").write_text(SMALL)
    bound = {"SLURM_JOB_ID": "1", "SLURM_CPUS_PER_TASK": "64", "SBATCH_PARTITION": "none"}
    process = fresh.start("mwm", "repro", "--on", "slurm", "world@a", **slurm, **bound)
    wait_for(lambda: asleep(97), 90)
    told(slurm, "scancel", "--full", "--signal=TERM", "--user=root")  # the whole step
    out = process.communicate(timeout=120)[0]
    assert process.returncode == 0, out
    assert out.count("its worker ended before the stage did") == 1
    assert "stopped: the next attempt goes on from the last checkpoint" in out


@needs_slurm
def test_a_job_that_somebody_cancels_has_failed(fresh: Project, slurm: dict[str, str]) -> None:
    slowed(fresh, 98)
    process = fresh.start("mwm", "repro", "--on", "slurm", "world@a", **slurm)
    wait_for(lambda: asleep(98), 90)
    told(slurm, "scancel", "--user=root")
    out = process.communicate(timeout=90)[0]
    assert process.returncode == 1
    assert "was cancelled" in out


@needs_slurm
def test_a_job_whose_submission_got_no_answer_is_found(
    fresh: Project, slurm: dict[str, str], tmp_path: Path
) -> None:
    """A second job was submitted, and an interrupt left the first at work."""
    sbatch = tmp_path / "sbatch"
    sbatch.write_text(
        f'#!/bin/sh\ntouch {tmp_path}/sent$$\n{shutil.which("sbatch")} "$@" >&2\n'
        "echo Unable to contact slurm controller >&2\nexit 1\n"
    )
    sbatch.chmod(0o755)
    slowed(fresh, 96)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    process = fresh.start("mwm", "repro", "--on", "slurm", "world@a", PATH=path, **slurm)
    wait_for(lambda: asleep(96), 90)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0]
    wait_for(lambda: not asleep(96), 20)
    assert len([*tmp_path.glob("sent*")]) == 2, "start and world@a"


@needs_slurm
def test_a_stage_that_asks_for_too_many_cores_is_told_at_once(
    fresh: Project, slurm: dict[str, str]
) -> None:
    (fresh / "cluster.yaml").write_text("cores: 64\n")
    out = fresh.run("mwm", "repro", "--on", "slurm", code=1, **slurm)
    assert "error: slurm: expected a node of 64 cores in any partition, found 1 at most" in out


@needs_slurm
def test_the_largest_node_of_slurm_counts(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of one state shared a line of sinfo, which told the cores of the smallest."""
    with slurm_cluster(short, cores=(1, 2)) as variables:
        monkeypatch.setenv("SLURM_CONF", variables["SLURM_CONF"])
        engine = SlurmEngine(Slurm())
        engine.check(2)
        with pytest.raises(MwmError, match="a node of 3 cores in any partition, found 2 at most"):
            engine.check(3)


def told(variables: dict[str, str], *words: str) -> str:
    assert shutil.which(words[0])
    environment = os.environ | variables
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
