"""What differs between finished runs: params and metrics as tables, and a verdict for each run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from mwm.reporting.comparison.outcome import Outcome
from mwm.reporting.shared.results import Row
from mwm.reporting.shared.words import UNKNOWN

ABOUT = {  # name: the parameter that tells it
    "game": "collect.game",
    "episodes": "collect.episodes",
    "schedule": "train.run.schedule",
    "inputs": "train.run.inputs",
    "seed": "train.run.seed",
}
Table = tuple[Sequence[str], Sequence[Sequence[str]]]  # titles of columns, and rows


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a run, or several that differ only in their seeds."""

    name: str
    outcomes: Sequence[Outcome]

    def metric(self, name: str) -> list[float]:
        """The values of a metric, one of each run that has it."""
        return [outcome.metrics[name] for outcome in self.outcomes if name in outcome.metrics]

    def told(self, key: str) -> str:
        """The values of a parameter, each once."""
        return _together(str(outcome.params.get(key, UNKNOWN)) for outcome in self.outcomes)

    @property
    def curves(self) -> list[Row]:
        """The rows of all curves."""
        return [row for outcome in self.outcomes for row in outcome.curves]


def sides(outcomes: Sequence[Outcome], seeds_together: bool) -> list[Side]:
    """A side per run; with `seeds_together` runs that differ only in seeds are one side."""
    if not seeds_together:
        return [Side(outcome.name, [outcome]) for outcome in outcomes]
    settings: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        key = repr(sorted((k, v) for k, v in outcome.params.items() if not k.endswith("seed")))
        settings.setdefault(key, []).append(outcome)
    return [
        Side(same[0].name + (f" and {len(same) - 1} more" if same[1:] else ""), same)
        for same in settings.values()
    ]


def runs_table(compared: Sequence[Side]) -> Table:
    """What each run is of: the same params for all, and which results."""
    rows = [[name, *(side.told(key) for side in compared)] for name, key in ABOUT.items()]
    results = [_together(o.results or UNKNOWN for o in side.outcomes) for side in compared]
    return ["", *(side.name for side in compared)], [*rows, ["results", *results]]


def params_table(compared: Sequence[Side]) -> Table:
    """A row for each parameter that is not the same everywhere."""
    every = [outcome.params for side in compared for outcome in side.outcomes]
    rows = []
    for key in _names(every):
        if any(params.get(key, UNKNOWN) != every[0].get(key, UNKNOWN) for params in every):
            rows.append([key, *(side.told(key) for side in compared)])
    return ["parameter", *(side.name for side in compared)], rows


def metrics_table(compared: Sequence[Side]) -> Table:
    """A row per metric: its value (of several seeds the median and range), and its change."""
    first, *others = compared
    titles = ["metric", first.name, *(t for side in others for t in (side.name, "change"))]
    rows = []
    for name in _metrics(compared):
        row = [name, _value(first.metric(name))]
        for side in others:
            change = gain(first, side, name)
            row += [_value(side.metric(name)), UNKNOWN if change is None else _signed(change)]
        rows.append(row)
    return titles, rows


def gain(first: Side, other: Side, metric: str) -> float | None:
    """By how much a metric's median is greater in `other`; None if one of them has none.

    Rounded, since the mean of two seeds may miss an equal value in its last binary digit.
    """
    before, after = first.metric(metric), other.metric(metric)
    return round(median(after) - median(before), 6) if before and after else None


def verdicts(compared: Sequence[Side]) -> list[str]:
    """One sentence about each side but the first; of every metric more is better."""
    first, *others = compared
    names = _metrics(compared)
    told = []
    for side in others:
        gains = [change for name in names if (change := gain(first, side, name)) is not None]
        better, worse = (sum(sign * change > 0 for change in gains) for sign in (1, -1))
        told.append(
            f"{side.name} against {first.name}: {better} of {len(gains)} metrics are better, "
            f"{worse} worse."
        )
    return told


def records(compared: Sequence[Side]) -> dict[str, Any]:
    """The comparison as JSON values: `sides`, and the keys of params that `differ`."""
    first = compared[0]
    told = []
    for side in compared:
        gains = {name: gain(first, side, name) for name in _metrics(compared)}
        runs = [
            {"name": o.name, "params": o.params, "metrics": o.metrics, "missing": o.missing}
            for o in side.outcomes
        ]
        known = {name: change for name, change in gains.items() if change is not None}
        told.append({"name": side.name, "runs": runs, "gains": known})
    return {"sides": told, "differ": [key for key, *_ in params_table(compared)[1]]}


def missing(compared: Sequence[Side], remedy: str) -> list[str]:
    """One sentence about each run of which files are not at hand, with how to get them."""
    return [
        f"{outcome.name}: not at hand: {', '.join(outcome.missing)}; {remedy}."
        for side in compared
        for outcome in side.outcomes
        if outcome.missing
    ]


def _together(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))


def _names(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """All keys, as they come."""
    return list(dict.fromkeys(key for table in tables for key in table))


def _metrics(compared: Sequence[Side]) -> list[str]:
    return _names([outcome.metrics for side in compared for outcome in side.outcomes])


def _value(values: Sequence[float]) -> str:
    if not values:
        return UNKNOWN
    told = f"{median(values):g}"
    return f"{told} ({min(values):g} to {max(values):g})" if len(values) > 1 else told


def _signed(change: float) -> str:
    return f"{round(change, 4):+g}".replace("-", "−") if round(change, 4) else "0"
