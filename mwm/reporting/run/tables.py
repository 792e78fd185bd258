"""The tables of the page, as HTML."""

from collections.abc import Sequence
from html import escape

from mwm.metrics.criterion import shortfalls
from mwm.reporting.markup import head, label, line, pair, percent, pixels, share, table
from mwm.reporting.results import PER_OBJECT, Pairs, Row

ERRORS = {  # column of pairs.csv: its name in the table
    "transfer": "L<sub>t</sub>",
    "reconstruction": "L<sub>r</sub>",
    "upper_bound": "true map",
    "untranslated": "un&shy;translated",
    "chance": "chance",
    "mean_frame": "mean frame",
    "blank": "blank",
    "predicted_transfer": "L<sub>pt</sub>",
    "prediction": "L<sub>p</sub>",
    "predicted_chance": "chance",
}


def verdicts(pairs: Pairs) -> str:
    """One line per run: alignment both ways, F1 of the objects, and what the criterion says."""
    titles = head(
        ("", ["variant"]),
        ("alignment", ["from Γ<sub>o</sub>", "to Γ<sub>o</sub>"]),
        ("predicted alignment", ["from Γ<sub>o</sub>", "to Γ<sub>o</sub>"]),
        ("F1 across / own, lower direction", list(map(escape, pairs.objects))),
        ("", ["criterion"]),
    )
    runs = {(there.model, there.target): (there, back) for there, back in pairs.runs}

    def told(row: Row) -> str:
        there, back = runs[row.model, row.target]
        cells = [
            share(way[c]) for c in ("alignment", "predicted_alignment") for way in (there, back)
        ]
        for name in pairs.objects:
            worse = min((there, back), key=lambda way: way[f"f1_{name}"] or 0.0)
            own = share(worse[f"own_f1_{name}"])
            cells.append(f"{share(worse[f'f1_{name}'])}<small> / {own}</small>")
        return line(label(row.target), cells, _verdict(there, back, pairs.objects))

    return table(titles, pairs, [there for there, _ in pairs.runs], told)


def _verdict(there: Row, back: Row, objects: Sequence[str]) -> str:
    if there["success"] == 1:
        return '<b class="good">meets it</b>'
    lacks = escape("; ".join(shortfalls((there, back), objects)))
    return f'<b class="bad">falls short</b><small>{lacks}</small>'


def errors(pairs: Pairs) -> str:
    """L_t and L_pt of the pairs with the original, among their baselines."""
    now, next_frame = list(ERRORS)[:7], list(ERRORS)[7:]
    titles = head(
        ("", ["pair"]),
        ("this frame", [*(ERRORS[c] for c in now), "align&shy;ment"]),
        ("the next frame, through M", [*(ERRORS[c] for c in next_frame), "align&shy;ment"]),
    )

    def told(row: Row) -> str:
        cells = [pixels(row[c]) for c in now] + [share(row["alignment"])]
        cells += [pixels(row[c]) for c in next_frame] + [share(row["predicted_alignment"])]
        return line(pair(row), cells)

    return table(titles, pairs, [row for run in pairs.runs for row in run], told)


def objects(pairs: Pairs) -> str:
    """How well each object is drawn, and how it is read, in the pairs with the original."""
    measured = ["F1", "own F1", "px off", "found", "read"]
    titles = head(("", ["pair"]), *((escape(name), measured) for name in pairs.objects))

    def told(row: Row) -> str:
        form = {"f1": share, "own_f1": share, "distance": pixels, "found": percent}
        cells = []
        for name in pairs.objects:
            cells += [form[c](row[f"{c}_{name}"]) for c in PER_OBJECT]
            cells.append(escape(row.readings[name]))
        return line(pair(row), cells)

    return table(titles, pairs, [row for run in pairs.runs for row in run], told)


def all_pairs(pairs: Pairs) -> str:
    """Every ordered pair of two worlds in few columns."""
    titles = head(
        ("", ["pair"]),
        ("alignment", ["seen", "predicted"]),
        ("squared error", ["L<sub>t</sub>", "L<sub>pt</sub>"]),
        ("F1 across", list(map(escape, pairs.objects))),
        ("", ["criterion"]),
    )
    words: dict[float | None, str] = {1.0: "meets it", 0.0: "falls short"}

    def told(row: Row) -> str:
        cells = [share(row["alignment"]), share(row["predicted_alignment"])]
        cells += [pixels(row["transfer"]), pixels(row["predicted_transfer"])]
        cells += [share(row[f"f1_{name}"]) for name in pairs.objects]
        return line(pair(row), cells, words.get(row["success"], "not judged"))

    return table(titles, pairs, pairs.crossed, told)
