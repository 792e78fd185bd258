"""An attempt at a job: what its worker prints, and the receipt of what the stage made.

They lie beside the job's file in the store, see `mwm.engines.job`.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mwm.engines.job import read
from mwm.engines.store import Store


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
        machine: where it ran, see `mwm.engines.node`.
        outs: what it made.
    """

    code: int
    said: str
    seconds: float
    machine: dict[str, str]
    outs: list[Made]


@dataclass(frozen=True)
class Attempt:
    """One worker's try at a job.

    Attributes:
        folder: the job's, in the store.
        name: by which engines know it.
    """

    folder: Path
    name: str

    @property
    def log(self) -> Path:
        """Where what it prints is."""
        return self.folder / f"{self.name}.log"

    @property
    def success(self) -> Path:
        """Where its receipt is, if all outputs are in the store."""
        return self.folder / f"{self.name}.json"

    @property
    def failure(self) -> Path:
        """Where its receipt is, if it failed.

        It counts once the engine says that the worker ended. Slurm starts a job again whose node
        was cut off; that node may go on, and fail, while the other works.
        """
        return self.folder / f"{self.name}.failed"

    def write(self, receipt: Receipt, store: Store) -> None:
        """Publish its receipt.

        Raises:
            MwmError: the store cannot be written.
        """
        content = json.dumps(asdict(receipt), indent=1).encode()
        store.put_bytes(content, self.failure if receipt.code else self.success)


def read_receipt(path: Path) -> Receipt | None:
    """Read a receipt; None if there is none yet.

    Raises:
        MwmError: it is damaged.
    """
    if not path.is_file():
        return None

    def make(told: dict[str, Any]) -> Receipt:
        return Receipt(**told | {"outs": [Made(**out) for out in told["outs"]]})

    return read(path, make)
