"""A finished run, read from the folder that holds its params, metrics, tables and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm import ArtefactError, UsageError
from mwm.io import records
from mwm.io.files import read_json
from mwm.io.origin import DIGITS
from mwm.reporting.run.foreign import read_foreign
from mwm.reporting.run.summary import summarise
from mwm.reporting.shared.results import Row, read_curves, read_pairs
from mwm.settings import lines

PARAMS, METRICS = "params.yaml", "metrics.json"
PAIRS, CURVES, SUMS = "eval/pairs.csv", "eval/curves.csv", "eval/manifest.json"
FOREIGN = "eval/foreign.csv"  # metrics.json has what it says, so only a study without one needs it
PICTURES = ("strip", "alignment", "elements")  # of report/
FILES = (PARAMS, METRICS, PAIRS, CURVES, SUMS, *(f"report/{name}.png" for name in PICTURES))
KEPT = (PARAMS, PAIRS, CURVES, SUMS)  # those of a study in results/studies, which has no report


@dataclass(frozen=True)
class Outcome:
    """One run: its params and its results.

    Attributes:
        name: by which the comparison calls it.
        params: by dotted key.
        metrics: content of metrics.json.
        results: first digits of the checksum of the results; None if it is not at hand.
        curves: rows of eval/curves.csv; none if it is not at hand.
        pictures: PNG of each of PICTURES that is at hand.
        missing: files that such a run has, and that are not at hand.
    """

    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    results: str | None
    curves: Sequence[Row]
    pictures: Mapping[str, bytes]
    missing: Sequence[str]


def read_outcome(name: str, folder: Path) -> Outcome:
    """Read a run from `folder`, as far as FILES are there; `name` is what the comparison calls it.

    Raises:
        UsageError: there is no params.yaml.
        MwmError: a file is damaged.
    """
    there = {file for file in FILES if (folder / file).is_file()}
    if SUMS not in there:  # tables of before they had checksums
        there -= {PAIRS, CURVES}
    expected = KEPT if PAIRS in there and METRICS not in there else FILES
    if PARAMS not in there:
        raise UsageError(f"{name}: expected a run with {PARAMS}, found none; name another")
    return Outcome(
        name=name,
        params=dict(_flat(lines.read(folder / PARAMS)[0])),
        metrics=_metrics(folder, there),
        results=records.digest(records.read(folder / SUMS))[:DIGITS] if SUMS in there else None,
        curves=read_curves(folder / CURVES) if CURVES in there else (),
        pictures={
            picture: (folder / file).read_bytes()
            for picture in PICTURES
            if (file := f"report/{picture}.png") in there
        },
        missing=[file for file in expected if file not in there],
    )


def _metrics(folder: Path, there: set[str]) -> Mapping[str, float]:
    """The summary; of a study, which keeps none, from its tables."""
    if METRICS in there:
        found = read_json(folder / METRICS)
        if not isinstance(found, dict) or not all(
            isinstance(value, int | float) for value in found.values()
        ):
            raise ArtefactError(f"{folder / METRICS}: expected numbers by name, found others")
        return found
    if PAIRS not in there:
        return {}
    foreign = read_foreign(folder / FOREIGN) if (folder / FOREIGN).is_file() else None
    return summarise(read_pairs(folder / PAIRS), foreign)


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """("train.run.seed", 0) and so on; lists are values."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value
