"""The machine that a worker runs on: what its results depend on, and whether it may do a job."""

import os
import platform
import shutil
import socket
from importlib.metadata import PackageNotFoundError, version

from mwm import MwmError
from mwm.engines.job import Job
from mwm.io import checkpoints
from mwm.io.spawn import usable_cores
from mwm.runtime.kernels import CHOICE, FIXED, processor

PACKAGES = ("mwm", "h5py", *checkpoints.PACKAGES)  # of which results depend on the versions


def versions() -> dict[str, str]:
    """Of this Python and its PACKAGES; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """This machine, for a receipt."""
    kernels = os.environ.get(CHOICE, FIXED)
    return {"host": socket.gethostname(), "processor": processor(), "kernels": kernels} | versions()


def check(job: Job) -> None:
    """Stop where results would be others, or where a stage would wait for cores.

    Raises:
        MwmError: another version of Python or of a package, fewer cores than the job has, or not
            its shell.
    """
    host = socket.gethostname()
    if (found := usable_cores()) < job.cores:
        raise MwmError(
            f"{host}: expected {job.cores} cores for {job.name}, found {found}; the "
            "cluster gave it fewer than it was asked for"
        )
    if not shutil.which(job.shell):
        raise MwmError(
            f"{host}: expected {job.shell}, in which the head runs commands, found none; "
            "`export SHELL=/bin/sh` there, then run the command again"
        )
    here = versions()
    for name, wanted in job.versions.items():
        if here.get(name) != wanted:
            raise MwmError(
                f"{host}: expected {name} {wanted}, which the head has, found "
                f"{here.get(name, 'none')}; use the same environment on every node"
            )
