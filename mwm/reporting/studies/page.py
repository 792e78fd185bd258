"""index.html of the studies: rates by method and variant, models of all worlds, curves."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from markupsafe import Markup

from mwm.reporting.shared.pages import Body, Figure, Groups, Line, Table, render
from mwm.reporting.shared.words import beside, label, pixels, share
from mwm.reporting.studies.rates import wilson

WAYS = ("forward", "backward")
TEMPLATE = Path(__file__).with_name("page.html")
METHODS = {
    "anchored": "see, anchor, recruit",
    "independent": "see, anchor, decipher, recruit: independent inputs",
    "dense": "the same with dense V, in worlds that the paper does not have",
    "joint": "the paper's: all worlds at once, moments",
    "joint_long": "the paper's, three times as long",
}
INPUTS = {
    "corresponding": "Both worlds get the same batches; the model is told neither which "
    "frames belong together nor the transformation.",
    "independent": "The worlds learn from disjoint episodes.",
}
PAPER = {  # inputs: variant: the outcome in the paper, which shows one curve of each
    "corresponding": dict.fromkeys(
        ("transpose", "hswap", "vswap", "invert", "mirror"), "converges"
    ),
    "independent": dict.fromkeys(("transpose", "hswap", "invert", "mirror"), "slightly worse")
    | {"vswap": "one lucky try"},
}

Rows = Sequence[Mapping[str, Any]]


def page(variants: Rows, models: Rows, objects: Sequence[str], curves: Mapping[str, Figure]) -> str:
    """The whole page, with its figures inside.

    Args:
        variants: rows of `variant_rows`, of all studies.
        models: rows of `model_row`.
        objects: those that have an F1.
        curves: the figure of each method's curves.
    """
    inputs = list(dict.fromkeys(row["inputs"] for row in variants))
    return render(
        TEMPLATE,
        title=f"Shared dynamics with {' and '.join(inputs)} inputs: rates",
        inputs=[INPUTS[name] for name in inputs],
        headline=_headline(variants, models),
        objects=objects,
        methods=METHODS,
        variants=_variants(variants, objects),
        read=_readings(variants, objects),
        models=_models(models, objects) if models else None,
        worlds=models[0]["worlds"] if models else 0,
        curves=curves,
    )


def _headline(variants: Rows, models: Rows) -> Markup:
    """Successes by method, plainly."""
    parts = [
        Markup("{} of {} by <i>{}</i>").format(
            sum(row["success"] for row in rows), len(rows), METHODS.get(method, method)
        )
        for method, rows in _by(variants, "method").items()
    ]
    told = Markup("The criterion is met in {} (variants times seeds)").format(
        Markup(", ").join(parts)
    )
    if models:
        met, pairs = (sum(row[column] for row in models) for column in ("successes", "pairs"))
        told += f", and by {met} of {pairs} ordered pairs in models of all worlds"
    return told + "."


def _variants(rows: Rows, objects: Sequence[str]) -> Table:
    groups = [
        ("", ["variant"]),
        ("success", ["of seeds, interval"]),
        ("lowest alignment", ["this frame", "predicted"]),
        ("lowest F1 across / own", objects),
        ("px off, median", [" / ".join(objects)] if objects else []),
        ("minutes", ["own", "in all"]),
        ("", ["paper"]),
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


def _readings(rows: Rows, objects: Sequence[str]) -> Table:
    """How often each object is read in which way, by method and variant."""

    def told(world: str, found: Rows) -> Line:
        counts = [Counter(row[f"{name}_reading"] for row in found) for name in objects]
        return Line(label(world), [_counted(count) for count in counts])

    return _by_method([("", ["variant"]), ("read as", objects)], rows, told)


def _counted(count: Counter[str]) -> str:
    if len(count) == 1:
        return next(iter(count))
    return ", ".join(f"{number} {word}" for word, number in sorted(count.items()))


def _by_method(groups: Groups, rows: Rows, told: Callable[[str, Rows], Line]) -> Table:
    """A table with a body per method, and in it a line per variant."""
    bodies = []
    for method, of_method in _by(rows, "method").items():
        lines = [told(world, found) for world, found in _by(of_method, "world").items()]
        bodies.append(Body(lines, f"{METHODS.get(method, method)}; {_source(of_method)}"))
    return Table(groups, bodies)


def _source(rows: Rows) -> str:
    """The data that a method's models learn from, and what they get besides frames."""
    data = {f"{row['episodes']} episodes of {row['policy']} play" for row in rows}
    told = {row["information"] for row in rows}
    return f"{', '.join(sorted(data))}, with {', '.join(sorted(told))}"


def _models(rows: Rows, objects: Sequence[str]) -> Table:
    """A line per model of all worlds."""
    groups = [
        ("", ["seed"]),
        ("ordered pairs", ["of", "aligned", "meet all"]),
        ("lowest alignment", ["this frame", "predicted"]),
        ("lowest F1 across", objects),
        ("", ["minutes"]),
    ]
    least = ["alignment_min", "predicted_alignment_min", *(f"{name}_f1_min" for name in objects)]
    lines = []
    for row in rows:
        cells = [str(row[c]) for c in ("pairs", "pairs_aligned", "successes")]
        cells += [share(row[column]) for column in least] + [f"{row['minutes']:.1f}"]
        lines.append(Line(f"{row['method']}, seed {row['seed']}", cells))
    return Table(groups, [Body(lines)])


def _by(rows: Iterable[Mapping[str, Any]], column: str) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _known(rows: Rows, column: str) -> list[float]:
    return [row[column] for row in rows if row[column] is not None]
