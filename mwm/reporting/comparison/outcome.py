"""A finished run wherever it is kept: the workspace, a folder, a Git revision or an experiment."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm import ArtefactError, MwmError, UsageError
from mwm.io.files import read_json
from mwm.reporting.results import Row, read_curves, read_pairs
from mwm.reporting.summary import summarise
from mwm.settings import lines

WORKSPACE = "workspace"
PARAMS, METRICS = "params.yaml", "metrics.json"
PAIRS, CURVES, SUMS = "eval/pairs.csv", "eval/curves.csv", "eval/manifest.json"
PICTURES = ("strip", "alignment", "elements")  # of report/
FILES = (PARAMS, METRICS, PAIRS, CURVES, SUMS, *(f"report/{name}.png" for name in PICTURES))


@dataclass(frozen=True)
class Outcome:
    """One run: what it was asked, and what came of it.

    Attributes:
        name: as the user gave it; of a folder the last part.
        params: by dotted key.
        metrics: content of metrics.json.
        curves: rows of eval/curves.csv; none if it is not at hand.
        pictures: PNG of each of PICTURES that is at hand.
        missing: files that are not at hand.
    """

    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    curves: Sequence[Row]
    pictures: Mapping[str, bytes]
    missing: Sequence[str]


def read_outcome(name: str) -> Outcome:
    """Read a run by name: "workspace", a folder with params.yaml, a revision or an experiment.

    Raises:
        UsageError: nothing has that name, or it has no params.yaml.
        MwmError: a file is damaged.
    """
    with _folder(name) as folder:
        there = {file for file in FILES if (folder / file).is_file()}
        if SUMS not in there:  # tables of before they had checksums
            there -= {PAIRS, CURVES}
        if PARAMS not in there:
            raise UsageError(f"{name}: expected a run with {PARAMS}, found none; name another")
        return Outcome(
            name=Path(name).name if folder == Path(name) else name,
            params=dict(_flat(lines.read(folder / PARAMS)[0])),
            metrics=_metrics(folder, there),
            curves=read_curves(folder / CURVES) if CURVES in there else (),
            pictures={
                picture: (folder / file).read_bytes()
                for picture in PICTURES
                if (file := f"report/{picture}.png") in there
            },
            missing=[file for file in FILES if file not in there],
        )


def _metrics(folder: Path, there: set[str]) -> Mapping[str, float]:
    """The summary; of a study, which keeps none, from its pairs."""
    if METRICS in there:
        found = read_json(folder / METRICS)
        if not isinstance(found, dict) or not all(
            isinstance(value, int | float) for value in found.values()
        ):
            raise ArtefactError(f"{folder / METRICS}: expected numbers by name, found others")
        return found
    return summarise(read_pairs(folder / PAIRS)) if PAIRS in there else {}


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """The folder of a run; of a revision a temporary one, with those of FILES that can be had."""
    if name == WORKSPACE or (Path(name) / PARAMS).is_file():
        yield Path("." if name == WORKSPACE else name)
        return
    with tempfile.TemporaryDirectory(prefix="mwm compare ") as folder:
        _fetch(name, Path(folder))
        try:
            yield Path(folder)
        except MwmError as error:
            raise type(error)(str(error).replace(f"{folder}/", f"{name}: ")) from None


def _fetch(revision: str, folder: Path) -> None:
    """Copy FILES of a revision, from Git or from DVC's cache, as far as they are there."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        repo = Repo(".", rev=revision)
    except DvcException as error:
        raise UsageError(
            f"{revision}: expected {WORKSPACE!r}, a folder with {PARAMS}, a Git revision or an "
            f"experiment, found none ({error}); see `git branch -a` and `dvc exp list`"
        ) from None
    with repo:
        for file in FILES:
            (folder / file).parent.mkdir(exist_ok=True)
            try:
                repo.dvcfs.get_file(file, str(folder / file))
            except (OSError, DvcException):  # not in that revision, or not in the cache
                (folder / file).unlink(missing_ok=True)


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """("train.run.seed", 0) and so on; lists are values."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value
