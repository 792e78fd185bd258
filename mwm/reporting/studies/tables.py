"""The tables of the studies' page: rates, readings of objects, and models of all worlds."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from markupsafe import Markup

from mwm.reporting.shared.pages import Body, Groups, Line, Table
from mwm.reporting.shared.words import beside, label, pixels, share
from mwm.reporting.studies.methods import PAPER, method_name
from mwm.reporting.studies.rates import wilson

WAYS = ("forward", "backward")

Rows = Sequence[Mapping[str, Any]]


def variants_table(rows: Rows, objects: Sequence[str]) -> Table:
    """A line per method and variant: the rate of success, and the lowest of each measure."""
    groups = [
        ("", ["variant", "in the paper"]),
        ("success", ["of seeds, interval"]),
        ("lowest alignment", ["this frame", "predicted"]),
        ("lowest F1 across / own", objects),
        ("px off, median", [" / ".join(objects)] if objects else []),
        ("minutes", ["own", "in all"]),
    ]
    return _by_method(groups, rows, lambda world, found: _variant(world, found, objects))


def _variant(world: str, rows: Rows, objects: Sequence[str]) -> Line:
    successes = sum(row["success"] for row in rows)
    low, high = wilson(successes, len(rows))
    interval = Markup("{} of {}<small> {:.2f}–{:.2f}</small>")
    cells: list[str] = [interval.format(successes, len(rows), low, high)]
    for column in ("alignment", "predicted_alignment"):
        cells.append(share(min(row[f"{column}_{w}"] or 0.0 for row in rows for w in WAYS)))
    for name in objects:
        worst = min(rows, key=lambda row: row[f"{name}_f1"] or 0.0)
        cells.append(beside(share(worst[f"{name}_f1"]), share(worst[f"own_{name}_f1"])))
    away = [_known(rows, f"{name}_distance") for name in objects]
    cells += [" / ".join(pixels(median(found) if found else None) for found in away)] * bool(away)
    cells += [f"{median(_known(rows, c)):.1f}" for c in ("minutes", "minutes_from_nothing")]
    return Line(label(world), cells, PAPER[rows[0]["inputs"]].get(world, "not shown"))


def readings_table(rows: Rows, objects: Sequence[str]) -> Table:
    """How often each object is read in which way, by method and variant."""

    def line(world: str, found: Rows) -> Line:
        counts = [Counter(row[f"{name}_reading"] for row in found) for name in objects]
        return Line(label(world), [_counted(count) for count in counts])

    return _by_method([("", ["variant"]), ("read as", objects)], rows, line)


def _counted(count: Counter[str]) -> str:
    if len(count) == 1:
        return next(iter(count))
    return ", ".join(f"{number} {word}" for word, number in sorted(count.items()))


def _by_method(groups: Groups, rows: Rows, line: Callable[[str, Rows], Line]) -> Table:
    """A table with a body per method, and in it a line per variant."""
    bodies = []
    for method, of_method in grouped(rows, "method").items():
        lines = [line(world, found) for world, found in grouped(of_method, "world").items()]
        bodies.append(Body(lines, f"{method_name(method)}; {_source(of_method)}"))
    return Table(groups, bodies)


def _source(rows: Rows) -> str:
    """The data that a method's models learn from, and what they get besides frames."""
    data = {f"{row['episodes']} episodes of {row['policy']} play" for row in rows}
    seeds = list(dict.fromkeys(row["seed"] for row in rows))
    inputs = {row["information"] for row in rows}
    told = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
    return f"{', '.join(sorted(data))}, with {', '.join(sorted(inputs))}; {told}"


def models_table(rows: Rows, objects: Sequence[str]) -> Table:
    """A line per model of all worlds."""
    groups = [
        ("", ["seed"]),
        ("ordered pairs", ["of", "aligned", "meet all"]),
        ("lowest alignment", ["this frame", "predicted"]),
        ("lowest F1 across", objects),
        ("time", ["minutes"]),
    ]
    least = ["alignment_min", "predicted_alignment_min", *(f"{name}_f1_min" for name in objects)]
    lines = []
    for row in rows:
        cells = [str(row[c]) for c in ("pairs", "pairs_aligned", "successes")]
        cells += [share(row[column]) for column in least] + [f"{row['minutes']:.1f}"]
        lines.append(Line(f"{row['method']}, seed {row['seed']}", cells))
    return Table(groups, [Body(lines)])


def grouped(rows: Iterable[Mapping[str, Any]], column: str) -> dict[str, list[Mapping[str, Any]]]:
    """The rows by the value of a column, as they come."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _known(rows: Rows, column: str) -> list[float]:
    return [row[column] for row in rows if row[column] is not None]
