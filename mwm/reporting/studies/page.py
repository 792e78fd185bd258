"""The page of the studies: rates by method and variant, models of all worlds, curves."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from mwm.reporting import captions
from mwm.reporting.markup import (
    Drawn,
    document,
    figures,
    head,
    label,
    line,
    pixels,
    section,
    share,
    wide,
)
from mwm.reporting.studies import wilson

WAYS = ("forward", "backward")
TEMPLATE = Path(__file__).with_name("studies.html")
METHODS = {
    "anchored": "see, anchor, recruit",
    "independent": "see, anchor, decipher, recruit: independent inputs",
    "dense": "the same with dense V, in worlds that the paper does not have",
    "joint": "the paper's: all worlds at once, moments",
    "joint_long": "the paper's, three times as long",
}
INPUTS = {
    "corresponding": "Both worlds get the same batch; the model is told neither which frame "
    "belongs to which nor the transformation.",
    "independent": "The worlds learn from disjoint episodes.",
}
PAPER = {  # inputs: variant: what becomes of the paper's curve, of which it shows one each
    "corresponding": dict.fromkeys(
        ("transpose", "hswap", "vswap", "invert", "mirror"), "converges"
    ),
    "independent": dict.fromkeys(("transpose", "hswap", "invert", "mirror"), "slightly worse")
    | {"vswap": "one lucky try"},
}
BUDGET = (
    "Minutes are medians of wall-clock time: of the variant's own V (seen, deciphered where inputs "
    "are independent, recruited), and of all that a model of the original and this variant needs; "
    "the paper's method has both worlds learn at once. With corresponding inputs ours had two CPU "
    "threads; all else had one, beside another study. The paper itself shows one curve for each "
    "variant, and no number."
)

Table = Sequence[Mapping[str, Any]]


def studies_page(variants: Table, models: Table, objects: Sequence[str], drawn: Drawn) -> str:
    """The whole page.

    Args:
        variants: rows of `variant_rows`, of all studies.
        models: rows of `model_row`.
        objects: those that have an F1.
        drawn: by method, the figure of its curves.
    """
    said = {
        name: (
            f"Errors during training, {name}",
            f"<b>{escape(_told(name))}.</b> {captions.CURVES} Lines are medians over seeds, bands "
            "reach from the least to the greatest.",
        )
        for name in drawn
    }
    inputs = list(dict.fromkeys(row["inputs"] for row in variants))
    return document(
        f"Shared dynamics with {' and '.join(inputs)} inputs: rates",
        TEMPLATE,
        inputs=" ".join(INPUTS[name] for name in inputs),
        headline=_headline(variants, models),
        criterion=captions.criterion(objects),
        variants=_variants(variants, objects),
        budget=BUDGET,
        readings=_readings(variants, objects),
        models=_models(models, objects),
        curves="".join(figures(drawn, said).values()),
    )


def _headline(variants: Table, models: Table) -> str:
    """Successes by method, plainly."""
    parts = []
    for method, rows in _by(variants, "method").items():
        count = f"{sum(row['success'] for row in rows)} of {len(rows)}"
        parts.append(f"{count} by <i>{escape(_told(method))}</i>")
    told = f"The criterion is met in {', '.join(parts)} (variants times seeds)"
    if models:
        met, pairs = (sum(row[column] for row in models) for column in ("successes", "pairs"))
        told += f", and by {met} of {pairs} ordered pairs in models of all worlds"
    return f"{told}."


def _told(method: str) -> str:
    return METHODS.get(method, method)


def _variants(rows: Table, objects: Sequence[str]) -> str:
    titles = head(
        ("", ["variant"]),
        ("success", ["of seeds, interval"]),
        ("lowest alignment", ["seen", "predicted"]),
        ("lowest F1 across / own", list(map(escape, objects))),
        ("px off, median", [" / ".join(map(escape, objects))] if objects else []),
        ("minutes", ["own", "in all"]),
        ("", ["paper"]),
    )
    return _by_method(titles, rows, lambda world, found: _variant(world, found, objects))


def _readings(rows: Table, objects: Sequence[str]) -> str:
    """How often each object is read in which way, by method and variant."""
    if not objects:
        return ""
    titles = head(("", ["variant"]), ("read as", list(map(escape, objects))))

    def told(world: str, found: Table) -> str:
        counts = [Counter(row[f"{name}_reading"] for row in found) for name in objects]
        return line(label(world), [_counted(count) for count in counts])

    table = _by_method(titles, rows, told)
    return section("How objects are read across worlds", captions.READINGS, table)


def _counted(count: Counter[str]) -> str:
    if len(count) == 1:
        return escape(next(iter(count)))
    return escape(", ".join(f"{number} {word}" for word, number in sorted(count.items())))


def _by_method(titles: str, rows: Table, told: Callable[[str, Table], str]) -> str:
    """A table with a body per method, and in it a line per variant."""
    width = titles.count('scope="col"')
    bodies = ""
    for method, of_method in _by(rows, "method").items():
        said = f"{_told(method)}; {_source(of_method)}"
        name = f'<th colspan="{width}" scope="rowgroup">{escape(said)}</th>'
        lines = [f'<tr class="group">{name}</tr>']
        lines += [told(world, found) for world, found in _by(of_method, "world").items()]
        bodies += f"<tbody>{''.join(lines)}</tbody>"
    return wide(titles, bodies)


def _source(rows: Table) -> str:
    """The data that a method's results come from, and what it was told beside frames."""
    data = {f"{row['episodes']} episodes of {row['policy']} play" for row in rows}
    told = {row["information"] for row in rows}
    return f"{', '.join(sorted(data))}, told {', '.join(sorted(told))}"


def _variant(world: str, rows: Table, objects: Sequence[str]) -> str:
    successes = sum(row["success"] for row in rows)
    low, high = wilson(successes, len(rows))
    cells = [f"{successes} of {len(rows)}<small> {low:.2f}–{high:.2f}</small>"]
    for column in ("alignment", "predicted_alignment"):
        cells.append(share(min(row[f"{column}_{w}"] or 0.0 for row in rows for w in WAYS)))
    for name in objects:
        worst = min(rows, key=lambda row: row[f"{name}_f1"] or 0.0)
        own = share(worst[f"own_{name}_f1"])
        cells.append(f"{share(worst[f'{name}_f1'])}<small> / {own}</small>")
    away = [_known(rows, f"{name}_distance") for name in objects]
    cells += [" / ".join(pixels(median(found) if found else None) for found in away)] * bool(away)
    cells += [f"{median(_known(rows, c)):.1f}" for c in ("minutes", "minutes_from_nothing")]
    return line(label(world), cells, PAPER[rows[0]["inputs"]].get(world, "not shown"))


def _models(rows: Table, objects: Sequence[str]) -> str:
    """A section on models of all worlds; empty where there is none."""
    if not rows:
        return ""
    titles = head(
        ("", ["seed"]),
        ("ordered pairs", ["of", "aligned", "meet all"]),
        ("lowest alignment", ["seen", "predicted"]),
        ("lowest F1 across", list(map(escape, objects))),
        ("", ["minutes"]),
    )
    lines = ""
    for row in rows:
        cells = [str(row[c]) for c in ("pairs", "pairs_aligned", "successes")]
        least = ["alignment_min", "predicted_alignment_min", *(f"{n}_f1_min" for n in objects)]
        cells += [share(row[column]) for column in least] + [f"{row['minutes']:.1f}"]
        lines += line(f"{escape(row['method'])}, seed {row['seed']}", cells)
    count = rows[0]["worlds"]
    return section(
        f"All {count} worlds in one model",
        "The anchor is frozen, so that recruits do not depend on each other: one anchor and its "
        "recruits are a model of all worlds. Encoded in any, decoded in any other:",
        wide(titles, f"<tbody>{lines}</tbody>"),
    )


def _by(rows: Iterable[Mapping[str, Any]], column: str) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _known(rows: Table, column: str) -> list[float]:
    return [row[column] for row in rows if row[column] is not None]
