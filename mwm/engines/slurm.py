"""Slurm: a job for each stage, by sbatch, squeue and scancel.

No library: submitit pickles functions and wraps them in a handler of signals of its own, while
ours are commands already; three commands and their documented output are less to keep up with.
"""

import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mwm import MwmError
from mwm.engines.base import End, last_line
from mwm.engines.cluster import Slurm

LOOK = 5.0  # seconds between two questions to squeue, for all jobs together
PATIENCE = 60.0  # seconds for which squeue and sbatch may fail: a controller restarts
OVER = ("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "OUT_OF_MEMORY", "TIMEOUT")
LOST = ("NODE_FAIL", "PREEMPTED", "REVOKED")  # over, unless Slurm puts the job back into its queue
REQUEUE = 30.0  # seconds that it has for that
WARNING = 60  # seconds before a job's time is over at which its stage is told to end
BUSY = ("timed out", "Unable to contact slurm controller", "Zero Bytes", "Connection refused")
KEPT = ("SLURM_CONF", "SLURM_JWT")  # of an allocation's variables; others would bind a job to it
OPTIONS = ("SLURM_", "SBATCH_", "SRUN_", "SQUEUE_", "SCANCEL_", "SINFO_")  # or change what is told


class SlurmEngine:
    """Starts workers as jobs of Slurm."""

    def __init__(self, settings: Slurm) -> None:
        self._settings = settings
        self._states: dict[str, str] = {}
        self._asked = 0.0
        self._heard = time.monotonic()
        self._lock = threading.Lock()
        self._jobs: set[str] = set()

    def check(self, cores: int) -> None:
        """Stop if no node has so many cores.

        Raises:
            MwmError: no Slurm, or no such node.
        """
        if not shutil.which("sbatch"):
            raise MwmError("slurm: expected sbatch, found none; start on a node of the cluster")
        partition = self._settings.partition
        chosen = ["--partition", partition] if partition else []
        # --exact: otherwise nodes of one state share a line, with the cores of the smallest.
        told = _slurm("sinfo", "--noheader", "--exact", "--format=%c", *chosen)
        found = [int(cores) for cores in told.split()]
        if max(found, default=0) < cores:
            where = f"partition {partition}" if partition else "any partition"
            raise MwmError(
                f"slurm: expected a node of {cores} cores in {where}, found "
                f"{max(found, default=0)} at most; lower `cores` in cluster.yaml"
            )

    def submit(self, job: Path, attempt: str, stage: str, cores: int) -> "SlurmTask":
        """Submit a job; Slurm puts it into its queue again if its node dies, or it has to give way.

        Raises:
            MwmError: sbatch refused.
        """
        settings, output = self._settings, job.parent / f"{attempt}.slurm"
        worker = [sys.executable, "-m", "mwm.engines.worker", str(job), attempt]
        # `exec`, so that Slurm's signals reach the worker and no shell in between.
        script = f"#!/bin/sh\nexec {shlex.join(worker)}\n"
        options = [
            f"--job-name=mwm-{stage}",
            f"--comment={attempt}",
            f"--cpus-per-task={cores}",
            f"--time={settings.time}",
            f"--mem={settings.memory}",
            f"--output={str(output).replace('%', '%%')}",
            "--requeue",
            "--open-mode=append",
            f"--signal=B:TERM@{WARNING}",
            *([f"--partition={settings.partition}"] if settings.partition else []),
            *settings.options,
        ]
        number = _submitted(options, script, attempt)
        with self._lock:
            self._jobs.add(number)
            self._states[number] = "PENDING"
            self._heard = time.monotonic()  # squeue's silence counts from its first question on
        return SlurmTask(self, number, output)

    def state(self, number: str) -> str | None:
        """The state of a job, as squeue last said; None if squeue knows it no more."""
        with self._lock:
            if time.monotonic() - self._asked >= LOOK:
                self._ask()
            return self._states.get(number)

    def stop(self, number: str, at_once: bool) -> None:
        """Cancel a job; if the controller does not answer, say so: others are to be told, too."""
        words = ["--signal=KILL"] if at_once else []
        try:
            _slurm("scancel", *words, number)
        except MwmError as error:
            print(f"note: {error}; `scancel {number}` ends the job", file=sys.stderr)

    def close(self) -> None:
        """Nothing to leave."""

    def _ask(self) -> None:
        """Ask squeue for the states of all jobs.

        Raises:
            MwmError: it has not answered for PATIENCE seconds.
        """
        self._asked = time.monotonic()
        numbers = ",".join(sorted(self._jobs))
        try:
            told = _slurm(
                "squeue", "--noheader", "--states=all", "--format=%i %T", "--jobs", numbers
            )
        except MwmError as error:
            if "Invalid job id" in str(error):
                told = ""
            elif time.monotonic() - self._heard < PATIENCE:
                return
            else:
                raise
        self._heard = time.monotonic()
        lines = [line.split() for line in told.split("\n") if line.strip()]
        self._states = dict(lines)


class SlurmTask:
    """A job of Slurm."""

    def __init__(self, engine: SlurmEngine, number: str, output: Path) -> None:
        self._engine, self._number, self._output = engine, number, output
        self._lost: float | None = None  # since when

    def ended(self) -> End | None:
        """None while it waits or works; else its last state, and the last line that it printed."""
        state = self._engine.state(self._number)
        if state == "CANCELLED":
            raise MwmError(f"slurm: job {self._number} was cancelled")
        if state in LOST:
            self._lost = self._lost or time.monotonic()
            if time.monotonic() - self._lost < REQUEUE:
                return None
            self.stop(at_once=False)  # or it would run beside the next, if Slurm thinks again
        elif state is not None and state not in OVER:
            self._lost = None
            return None
        known = f"Slurm's job {self._number}: {(state or 'gone').lower()}"
        said = last_line(self._output)
        return End(state == "COMPLETED", f"{known}; {said}" if said else known)

    def stop(self, at_once: bool) -> None:
        """Cancel it."""
        self._engine.stop(self._number, at_once)


def _submitted(options: Sequence[str], script: str, comment: str) -> str:
    """The number of a new job; a controller that is busy is asked again, for PATIENCE seconds.

    Its answer may be lost when the job is not: then a job with the comment is there.

    Raises:
        MwmError: sbatch refused.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            told = _slurm("sbatch", "--parsable", *options, given=script)
            return told.strip().split(";")[0]
        except MwmError as error:
            if time.monotonic() >= until or not any(said in str(error) for said in BUSY):
                raise
        time.sleep(LOOK)
        if number := _commented(comment):
            return number


def _commented(comment: str) -> str | None:
    """The number of the job with a comment, if squeue knows of one."""
    with suppress(MwmError):  # then sbatch has no answer, either
        told = _slurm("squeue", "--noheader", "--states=all", "--format=%i %k")
        for number, _, found in (line.partition(" ") for line in told.split("\n")):
            if found.strip() == comment:
                return number
    return None


def _slurm(*words: str, given: str | None = None) -> str:
    """What a command of Slurm prints.

    Raises:
        MwmError: it failed.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or not name.startswith(OPTIONS)
    }
    done = _run(words, given, environment)
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise MwmError(f"slurm: {words[0]} failed: {said}")
    return done.stdout


def _run(
    words: Sequence[str], given: str | None, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            words,
            input=given or "",  # nothing is asked of a terminal
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            start_new_session=True,  # else Ctrl-C ends sbatch, but not the job that it submits
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MwmError(f"slurm: {words[0]} failed: {error}") from None
