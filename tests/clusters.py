"""Real clusters of two nodes on this machine, for tests: Ray's and Slurm's own programs."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

RAY = str(Path(sys.executable).parent / "ray")
SLURM = ("munged", "slurmctld", "slurmd")
CONFIGURATION = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/ctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/%n.log
SlurmctldPort={ports[0]}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs={cores[0]} RealMemory=4000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs={cores[1]} RealMemory=4000
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def slurm_is_here() -> bool:
    """Whether Slurm can be started: Debian's slurmctld, slurmd, slurm-client and munge, as root."""
    return os.getuid() == 0 and all(shutil.which(name, path="/usr/sbin") for name in SLURM)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextmanager
def ray_cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Two raylets of one core each, with a token; yields what a head's environment needs.

    `folder` has a short path: Ray's limit.
    """
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(24)}
    environment = os.environ | token
    common = ("--num-cpus=1", "--disable-usage-stats", "--object-store-memory=80000000")
    head = ("--head", f"--port={port}", f"--temp-dir={folder}", "--include-dashboard=false")
    try:
        _run(RAY, "start", *head, *common, environment=environment)
        _run(RAY, "start", f"--address={address}", *common, environment=environment)
        yield {"RAY_ADDRESS": address} | token
    finally:
        for process in _of_ray(folder):
            with suppress(psutil.Error):
                process.kill()


def second_raylet(folder: Path) -> psutil.Process:
    """The raylet that is not the head's."""
    found = [p for p in _of_ray(folder) if p.name() == "raylet"]
    return max(found, key=lambda process: process.create_time())


def _of_ray(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(folder) in word for word in process.cmdline()):
                found.append(process)
    return found


@contextmanager
def slurm_cluster(folder: Path, cores: tuple[int, int] = (1, 1)) -> Iterator[dict[str, str]]:
    """A controller and two nodes; yields what a head's environment needs."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    conf = folder / "slurm.conf"
    host = socket.gethostname().split(".")[0]
    conf.write_text(
        CONFIGURATION.format(folder=folder, host=host, ports=free_ports(3), cores=cores)
    )
    if not any(process.name() == "munged" for process in psutil.process_iter(["name"])):
        Path("/run/munge").mkdir(exist_ok=True)
        shutil.chown("/run/munge", "munge", "munge")
        _run("runuser", "-u", "munge", "--", "/usr/sbin/munged", "--force")
    environment = os.environ | {"SLURM_CONF": str(conf)}
    try:
        _run("/usr/sbin/slurmctld", environment=environment)
        time.sleep(1)
        for node in ("n1", "n2"):
            _run("/usr/sbin/slurmd", "-N", node, environment=environment)
        deadline = time.monotonic() + 30
        while (
            _run("sinfo", "-h", "-N", "-o", "%T", environment=environment).split() != ["idle"] * 2
        ):
            assert time.monotonic() < deadline, "Slurm's nodes do not answer"
            time.sleep(0.5)
        yield {"SLURM_CONF": str(conf)}
    finally:
        with suppress(subprocess.CalledProcessError):
            _run("scancel", "--user=root", environment=environment)
        for file in folder.glob("*.pid"):
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)


def kill_node(folder: Path, node: str, job: str) -> None:
    """End a node of Slurm as a power failure does: its daemon, and all of its job."""
    doomed = [psutil.Process(int((folder / f"{node}.pid").read_text()))]
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if f"slurmstepd: [{job}." in " ".join(process.cmdline()):
                doomed += [process, *process.children(recursive=True)]
    for process in doomed:
        with suppress(psutil.Error):
            process.kill()


def _run(*words: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return done.stdout
