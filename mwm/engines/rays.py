"""Ray: a task for each stage. Ray starts a worker and watches it; files go through the store."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.engines import cluster
from mwm.engines.base import End, last_line
from mwm.io import system

ADDRESS = "RAY_ADDRESS"
LOOK = 0.2  # seconds between two looks at a worker
PASSED = ("MWM_KERNELS", "MWM_CHECKPOINT_SECONDS")  # of the head's variables, as Slurm passes all
GRACE = 20  # seconds in which a worker ends what it runs


def perform(job: str, attempt: str, variables: Mapping[str, str]) -> tuple[int, str]:
    """In a process of Ray: start the worker, and end it if Ray cancels this task.

    Args:
        job: path of job.json.
        attempt: its name.
        variables: of the worker's environment, beside those of Ray.

    Returns:
        The worker's exit code, and its last words.
    """
    worker = [sys.executable, "-m", "mwm.engines.worker", job, attempt]
    with tempfile.NamedTemporaryFile(prefix="mwm-") as words:
        process = subprocess.Popen(
            worker,
            cwd=Path(job).parent,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stderr=words,
        )
        try:
            while (code := process.poll()) is None:  # Ray's cancel does not wake who waits
                time.sleep(LOOK)
        except BaseException:  # KeyboardInterrupt, as which Ray's cancel comes
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            process.wait(GRACE)
            raise
        sys.stderr.write(Path(words.name).read_text(encoding="utf-8", errors="replace"))
        return code, last_line(Path(words.name))


class RayEngine:
    """Starts workers as tasks of Ray."""

    def __init__(self, settings: cluster.Ray) -> None:
        self._settings = settings
        try:
            import ray
        except ImportError:
            raise MwmError("ray: expected Ray, found none; `pip install 'mwm[ray]'`") from None
        self._ray: Any = ray
        self._seen: list[Mapping[str, float]] = []  # what nodes had, also those that are gone

    def check(self, cores: int) -> None:
        """Join the cluster of RAY_ADDRESS, or the one on this machine.

        Raises:
            MwmError: no cluster there, of this version; or no node of so many cores, so much memory
                and so much of a GPU.
        """
        address = os.environ.get(ADDRESS, "auto")
        before = signal.getsignal(signal.SIGTERM)
        try:
            # In a process of its own first: of another version Ray aborts, with a stack of C++.
            _probe(address)
            self._ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
        except (ConnectionError, RuntimeError, ValueError, MwmError) as error:
            said = str(error).strip().split("\n")[-1]
            raise MwmError(
                f"ray: expected a cluster of Ray {self._ray.__version__} at {address}, found none "
                f"that answers ({said}); start one (`ray start --head`), or set {ADDRESS}, and "
                "RAY_AUTH_MODE=token if it has a token"
            ) from None
        finally:
            signal.signal(signal.SIGTERM, before)  # Ray's own would end the head without a word
        self._refuse_more_than_any_has(cores)

    def submit(self, job: Path, attempt: str, stage: str, cores: int) -> "RayTask":
        """Submit a task; Ray starts it once a node has room.

        Raises:
            MwmError: no node has had as much.
        """
        self._refuse_more_than_any_has(cores)
        task = self._ray.remote(perform).options(
            name=f"mwm {stage}",
            num_cpus=cores,
            num_gpus=self._settings.gpus,
            memory=int(self._settings.memory * 2**30),
            max_retries=0,  # whoever submits it counts: Ray would try for ever after lack of memory
        )
        given = {name: os.environ[name] for name in PASSED if name in os.environ}
        # Some versions of Ray hide GPUs from tasks that asked for none, others do not.
        hidden = {} if self._settings.gpus else {"CUDA_VISIBLE_DEVICES": ""}
        return RayTask(self._ray, task.remote(str(job), attempt, given | hidden))

    def _refuse_more_than_any_has(self, cores: int) -> None:
        wanted = {"CPU": cores, "memory": self._settings.memory * 2**30, "GPU": self._settings.gpus}
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        self._seen += [node for node in nodes if node not in self._seen]
        # A node that was there may come again: a task waits for it.
        if not any(all(node.get(k, 0) >= v for k, v in wanted.items()) for node in self._seen):
            found = "; ".join(dict.fromkeys(map(_resources, nodes))) or "none"
            raise MwmError(
                f"ray: expected a node of {_resources(wanted)}, found {found}; wait until "
                "all nodes have started, or ask for less in cluster.yaml"
            )

    def close(self) -> None:
        """Leave the cluster; it ends what this head had started."""
        self._ray.shutdown()


class RayTask:
    """A task of Ray."""

    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray, self._reference = ray, reference

    def ended(self) -> End | None:
        """None while it waits or works; else the exit code of its worker, or what Ray says."""
        done, _ = self._ray.wait([self._reference], timeout=0)
        if not done:
            return None
        try:
            code, said = self._ray.get(self._reference)
            return End(code == 0, f"exit code {code}; {said}" if said else f"exit code {code}")
        except self._ray.exceptions.OutOfMemoryError:
            return End(False, "its node ran out of memory; raise `ray: memory` in cluster.yaml")
        except self._ray.exceptions.RayError as error:
            lines = str(error).strip().split("\n")
            return End(False, f"{type(error).__name__}: {lines[-1].strip()}")

    def stop(self, at_once: bool) -> None:
        """Cancel it."""
        with suppress(self._ray.exceptions.RayError):
            self._ray.cancel(self._reference, force=at_once)


def _resources(have: Mapping[str, float]) -> str:
    """In words: "4 cores, 8.0 GB, 0 GPUs"."""
    cores, memory, gpus = (have.get(name, 0) for name in ("CPU", "memory", "GPU"))
    return f"{cores:g} cores, {memory / 2**30:.1f} GB, {gpus:g} GPUs"


def _probe(address: str) -> None:
    """Join and leave in a process of its own.

    Raises:
        MwmError: it did not end well.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdigit():  # Ray itself tries for a minute
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise MwmError(system.told(error) or str(error)) from None
    script = "import ray, sys; ray.init(sys.argv[1], log_to_driver=False, logging_level='CRITICAL')"
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, address],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MwmError("no answer within 60 seconds") from None
    if done.returncode:
        lines = [line.strip() for line in done.stderr.split("\n") if line.strip()]
        raise MwmError(next((each for each in reversed(lines) if "rror" in each), "no answer"))
