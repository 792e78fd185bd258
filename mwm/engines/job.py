"""What a stage is to do, and what a worker did: files in the store that head and worker share.

<store>/mwm/jobs/<key>/job.json            what is to be done
                      /<attempt>.log       what the stage printed
                      /<attempt>.json      the receipt: what it made, once that is in the store
                      /<attempt>.failed    or how it failed
<store>/mwm/checkpoints/<key>/             from which another attempt goes on
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mwm import ArtefactError
from mwm.engines.store import Store
from mwm.io import files

JOB = "job.json"
MARK = "processor.txt"  # beside checkpoints: on what processor they were made
T = TypeVar("T")


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
        versions: of Python and packages, which a worker must have, see `mwm.engines.node`.
        inputs: what its outputs depend on, for `key`.
        group: whether others of the store's group may write there, see `Store`.
        shell: that runs the commands.
        folders: deps that are folders: of an empty one `deps` has no file.
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
    shell: str = "/bin/sh"
    folders: list[str] = field(default_factory=list)
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


def read_job(path: Path) -> Job:
    """Read job.json.

    Raises:
        MwmError: it is missing or damaged.
    """

    def make(told: dict[str, Any]) -> Job:
        return Job(**told | {key: _files(told[key]) for key in ("deps", "beside")})

    return read(path, make)


def _files(told: list[dict[str, Any]]) -> list[File]:
    return [File(**each) for each in told]


def read(path: Path, make: Callable[[dict[str, Any]], T]) -> T:
    """Read a job or a receipt, of which `make` makes what its JSON tells.

    Raises:
        MwmError: it is missing or damaged.
    """
    told = files.read_json(path)
    try:
        return make(told)
    except (TypeError, KeyError):
        raise ArtefactError(
            f"{path}: expected a job or receipt of this version of mwm, found another"
        ) from None
