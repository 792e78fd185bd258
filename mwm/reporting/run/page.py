"""index.html: one file that tells what was found, in words, tables and figures."""

from collections.abc import Sequence
from pathlib import Path

from mwm.reporting import captions, tables
from mwm.reporting.markup import Drawn, document, figures, label, pair, section, share
from mwm.reporting.mirror_test import Marks, mirror_table
from mwm.reporting.results import Pairs
from mwm.reporting.summary import ALIGNED, aligned

TEMPLATE = Path(__file__).with_name("page.html")


def page(pairs: Pairs, drawn: Drawn, chosen: Sequence[int], marks: Marks) -> str:
    """The whole page, with its figures inside; `chosen` are the film's frames in the strip."""
    objects = mirror_test = ""
    if pairs.objects:
        objects = section("Objects", captions.OBJECTS, tables.objects(pairs))
    if marks:
        mirror_test = section("The mirror test", captions.MIRROR_TEST, mirror_table(marks))
    return document(
        f"One dynamics, {len(pairs.worlds)} worlds",
        TEMPLATE,
        **figures(drawn, captions.captions(pairs, chosen)),
        frames=f"{pairs.rows[0]['frames'] or 0:,.0f}",
        headline=_headline(pairs),
        key_figures=_key_figures(pairs),
        criterion=captions.criterion(pairs.objects),
        verdicts=tables.verdicts(pairs),
        all_pairs=tables.all_pairs(pairs),
        errors=tables.errors(pairs),
        objects=objects,
        mirror_test=mirror_test,
    )


def _headline(pairs: Pairs) -> str:
    """Success or failure, plainly."""
    failed = [there.target for there, _ in pairs.runs if there["success"] != 1]
    count = len(pairs.runs)
    if not failed:
        return f"Every variant ({count} of {count}) meets the criterion of success."
    if len(failed) == count:
        return f"No variant (0 of {count}) meets the criterion of success."
    names = ", ".join(label(world) for world in failed)
    return f"{count - len(failed)} of {count} variants meet the criterion of success; not {names}."


def _key_figures(pairs: Pairs) -> str:
    crossed = pairs.crossed
    successes = sum(there["success"] == 1 for there, _ in pairs.runs)
    told = [
        ("variants that meet the criterion", f"{successes}<small> of {len(pairs.runs)}</small>"),
        (
            f"ordered pairs that align (≥ {ALIGNED})",
            f"{sum(map(aligned, crossed))}<small> of {len(crossed)}</small>",
        ),
    ]
    for column in ("alignment", "predicted_alignment"):
        measured = [row for row in crossed if row[column] is not None]
        worst = min(measured, key=lambda row: row[column] or 0.0, default=None)
        value = "–" if worst is None else f"{share(worst[column])}<small> {pair(worst)}</small>"
        told.append((f"lowest {column.replace('_', ' ')}", value))
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in told)
