"""What a stage is to do, and what a worker did: files in the store that head and worker share.

<store>/mwm/jobs/<key>/job.json            what is to be done
                      /<attempt>.log       what the stage printed
                      /<attempt>.json      the receipt: what it made, once that is in the store
                      /<attempt>.failed    or how it failed
<store>/mwm/checkpoints/<key>/             from which another attempt goes on
"""

import hashlib
import json
import os
import platform
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from mwm import ArtefactError
from mwm.engines.store import Store
from mwm.io import checkpoints, files
from mwm.runtime.kernels import CHOICE, FIXED, processor

JOB = "job.json"
MARK = "processor.txt"  # beside checkpoints: on what processor they were made
T = TypeVar("T")
PACKAGES = ("mwm", "h5py", *checkpoints.PACKAGES)  # of which results depend on the versions


@dataclass(frozen=True)
class File:
    """A file that a job reads.

    Attributes:
        path: below the workspace.
        md5: of its content, which the store has.
        executable: whether it may be run.
    """

    path: str
    md5: str
    executable: bool = False


@dataclass(frozen=True)
class Job:
    """One stage, as a worker needs to know it.

    Attributes:
        stage: its name.
        commands: run one after the other by a shell, in `folder`.
        folder: the stage's folder, below the workspace.
        deps: what the stage depends on; they must not change while it runs.
        beside: other files that it gets: params, and the harness.
        outs: paths of its outputs, below the workspace.
        cores: that it uses.
        versions: of Python and PACKAGES, which a worker must have.
        inputs: what its outputs depend on, for `key`.
        group: whether others of the store's group may write there, see `Store`.
        part: "3/16", the third of 16 parts, which leaves checkpoints and no outputs; or nothing.
    """

    stage: str
    commands: list[str]
    folder: str
    deps: list[File]
    beside: list[File]
    outs: list[str]
    cores: int
    versions: dict[str, str]
    inputs: str
    group: bool = False
    part: str = ""

    @property
    def name(self) -> str:
        """The stage, and the part."""
        return f"{self.stage} {self.part}".strip()

    @property
    def key(self) -> str:
        """The same for all jobs with the same commands, deps, declared params and outputs.

        And for all parts of one, whose checkpoints lie together.
        """
        told = json.dumps([self.commands, self.folder, self.outs, self.inputs])
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def place(self, store: Store) -> Path:
        """The folder in which head and worker talk about it."""
        name = f"{self.key}-{self.part.replace('/', '-of-')}" if self.part else self.key
        return store.folder / "mwm" / "jobs" / name

    def checkpoints(self, store: Store) -> Path:
        """The folder from which another attempt goes on."""
        return store.folder / "mwm" / "checkpoints" / self.key

    def write(self, store: Store) -> Path:
        """Publish it.

        Returns:
            The path of job.json.

        Raises:
            MwmError: the store cannot be written.
        """
        path = self.place(store) / JOB
        with store.publishing(path) as temporary:  # anew: other params beside those it declares
            temporary.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        return path


@dataclass(frozen=True)
class Made:
    """An output that a worker published: what dvc.lock says of it."""

    path: str
    md5: str
    size: int
    nfiles: int | None = None
    executable: bool = False


@dataclass(frozen=True)
class Receipt:
    """How an attempt ended.

    Attributes:
        code: exit code; 0 if all outputs are in the store.
        said: one line about what went wrong, if the worker knows.
        seconds: that the commands took.
        machine: where it ran, see `machine`.
        outs: what it made.
    """

    code: int
    said: str
    seconds: float
    machine: dict[str, str]
    outs: list[Made]


def read_job(path: Path) -> Job:
    """Read job.json.

    Raises:
        MwmError: it is missing or damaged.
    """

    def make(told: dict[str, Any]) -> Job:
        return Job(**told | {key: _files(told[key]) for key in ("deps", "beside")})

    return _read(path, make)


def read_receipt(path: Path) -> Receipt | None:
    """Read a receipt; None if there is none yet.

    Raises:
        MwmError: it is damaged.
    """
    if not path.is_file():
        return None

    def make(told: dict[str, Any]) -> Receipt:
        return Receipt(**told | {"outs": [Made(**out) for out in told["outs"]]})

    return _read(path, make)


def receipt_path(place: Path, attempt: str) -> Path:
    """Where the receipt of an attempt is, if it succeeded."""
    return place / f"{attempt}.json"


def failure_path(place: Path, attempt: str) -> Path:
    """Where it is if the attempt failed.

    It counts once the engine says that the worker ended. Slurm starts a job again whose node was
    cut off; that node may go on, and fail, while the other works.
    """
    return place / f"{attempt}.failed"


def log_path(place: Path, attempt: str) -> Path:
    """Where what an attempt prints is."""
    return place / f"{attempt}.log"


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


def _files(told: list[dict[str, Any]]) -> list[File]:
    return [File(**each) for each in told]


def _read(path: Path, make: Callable[[dict[str, Any]], T]) -> T:
    told = files.read_json(path)
    try:
        return make(told)
    except (TypeError, KeyError):
        raise ArtefactError(
            f"{path}: expected a job or receipt of this version of mwm, found another"
        ) from None
