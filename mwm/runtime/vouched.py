"""vouched.csv: entries of dvc.lock whose code was vouched for and not run, and how.

A stage's rows are a chain, each from the code that the one before led to. They hold as long as
dvc.lock has an entry that one of them is about; a run of the stage removes them.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.runtime import conflicts, lockfile
from mwm.runtime.signals import folder_of_dvc

TABLE = "vouched.csv"
LOCK = Path(".mwm/locks/vouched")


@dataclass(frozen=True)
class Row:
    """One time that a stage was vouched for.

    Attributes:
        stage: its name; of a dvc.yaml below the project's root, with that file's path before it.
        old, new: digests of its code before and after.
        how: `same program`, or `sample K of N: STAGES`: those K of N stages ran with the new code
            and made the old bytes.
        commit: checked out at that time; with `+` if the code had changes beyond it.
        entry: digest of the entry in dvc.lock.
    """

    stage: str
    old: str
    new: str
    how: str
    commit: str
    entry: str

    def of(self, stage: str) -> "Row":
        """The same row, for another name of the stage."""
        return replace(self, stage=stage)


COLUMNS = [field.name for field in fields(Row)]


def digest(entry: Mapping[str, Any]) -> str:
    """Of an entry of dvc.lock: its command, deps, params and outs."""
    told = json.dumps(entry, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def read(root: Path) -> list[Row]:
    """All rows of a project; none if it has no table.

    Raises:
        MwmError: the table is damaged.
    """
    path = root / TABLE
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    if found := conflicts.find(text):
        line, mark = found
        raise MwmError(
            f"{path}:{line}: expected no merge conflict, found `{mark}`; remove its marks and keep "
            "the rows of both sides: those that do not fit dvc.lock count for nothing"
        )
    try:
        header, *lines = [*csv.reader(text.splitlines())] or [[]]
    except csv.Error:  # a field of more than 131,072 signs
        header, lines = [], []
    if header != COLUMNS or any(len(line) != len(COLUMNS) for line in lines):
        raise MwmError(
            f"{path}: expected the columns {', '.join(COLUMNS)}, found others; take it from Git "
            "(`git checkout vouched.csv`), or delete it: then nothing counts as vouched for"
        )
    return [Row(*line) for line in lines]


def holding(rows: list[Row], entries: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The stages vouched for, of the entries of dvc.lock by stage."""
    named = {row.stage for row in rows}
    digests = {(name, digest(entry)) for name, entry in entries.items() if name in named}
    return {row.stage for row in rows if (row.stage, row.entry) in digests}


def named(root: Path, file: Path, name: str) -> str:
    """A stage's name as from the root, wherever DVC was started, of its dvc.yaml or dvc.lock."""
    above = Path(os.path.relpath(file.parent, root)).as_posix()
    return name if above == "." else f"{above}/dvc.yaml:{name}"


@contextmanager
def changing(root: Path) -> Iterator[list[Row]]:
    """The rows, to be changed in place; they are written if the block ends well.

    Another process that changes them waits.
    """
    with lockfile.holding(root / LOCK):
        rows = read(root)
        before = list(rows)
        yield rows
        if rows != before:
            _write(root / TABLE, rows)


def forget(root: Path, stages: Collection[str]) -> None:
    """These stages ran: nobody needs to vouch for them any more."""
    if stages and (root / TABLE).exists():
        with changing(root) as rows:
            rows[:] = [row for row in rows if row.stage not in stages]


def forget_running(root: Path) -> None:
    """The stage of DVC that this process is has ended well, so forget it in the project `root`.

    It is found by where DVC was started: in a temporary copy of the project, which has a table of
    its own (`dvc exp run --temp`), it is none of this project's.
    """
    if (root / TABLE).exists() and (started := folder_of_dvc()) is not None:
        file, _, name = os.environ["DVC_STAGE"].rpartition(":")
        forget(root, {named(root, started / (file or "dvc.yaml"), name)})


def _write(path: Path, rows: list[Row]) -> None:
    from mwm.io.files import write_text

    if not rows:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(asdict(row).values() for row in rows)
    write_text(path, text.getvalue())
