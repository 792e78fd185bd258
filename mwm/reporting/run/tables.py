"""The tables of the run's page that are made from pairs.csv."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from mwm.metrics.criterion import shortfalls
from mwm.reporting.shared.pages import Body, Groups, Line, Table
from mwm.reporting.shared.results import PER_OBJECT, Pairs, Row, worse
from mwm.reporting.shared.words import beside, label, pair, percent, pixels, share

ERRORS = {  # column of pairs.csv: its name in the table
    "transfer": Markup("L<sub>t</sub>"),
    "reconstruction": Markup("L<sub>r</sub>"),
    "upper_bound": "true map",
    "untranslated": Markup("un&shy;translated"),
    "chance": "chance",
    "mean_frame": "mean frame",
    "blank": "blank",
    "predicted_transfer": Markup("L<sub>pt</sub>"),
    "prediction": Markup("L<sub>p</sub>"),
    "predicted_chance": "chance",
}
ALIGNMENT = Markup("align&shy;ment")
DIRECTIONS = [Markup("from Γ<sub>o</sub>"), Markup("to Γ<sub>o</sub>")]


def verdicts(pairs: Pairs) -> Table:
    """One line per run: alignment both ways, F1 of the objects, and what the criterion says."""
    groups: Groups = [
        ("", ["variant", "criterion"]),
        ("alignment", DIRECTIONS),
        ("predicted alignment", DIRECTIONS),
        ("F1 across / own, lower direction", pairs.objects),
    ]
    runs = {(there.model, there.target): (there, back) for there, back in pairs.runs}

    def line(row: Row) -> Line:
        ways = runs[row.model, row.target]
        cells = [share(way[c]) for c in ("alignment", "predicted_alignment") for way in ways]
        for name in pairs.objects:
            lower = worse(ways, name)
            cells.append(beside(share(lower[f"f1_{name}"]), share(lower[f"own_f1_{name}"])))
        return Line(label(row.target), cells, _verdict(ways, pairs.objects))

    return _by_model(groups, pairs, [there for there, _ in pairs.runs], line)


def _verdict(ways: tuple[Row, Row], objects: Sequence[str]) -> Markup:
    if ways[0]["success"] == 1:
        return Markup('<b class="good">meets it</b>')
    lacks = "; ".join(shortfalls([way.metrics for way in ways], objects))
    return Markup('<b class="bad">falls short</b><small>{}</small>').format(lacks)


def errors(pairs: Pairs) -> Table:
    """L_t and L_pt of the pairs with the original, among their baselines."""
    now, next_frame = list(ERRORS)[:7], list(ERRORS)[7:]
    groups = [
        ("", ["pair"]),
        ("this frame", [*(ERRORS[c] for c in now), ALIGNMENT]),
        ("the next frame, through M", [*(ERRORS[c] for c in next_frame), ALIGNMENT]),
    ]

    def line(row: Row) -> Line:
        cells = [pixels(row[c]) for c in now] + [share(row["alignment"])]
        cells += [pixels(row[c]) for c in next_frame] + [share(row["predicted_alignment"])]
        return Line(pair(row), cells)

    return _by_model(groups, pairs, [row for run in pairs.runs for row in run], line)


def objects(pairs: Pairs) -> Table:
    """How each object is read and how well it is decoded, in the pairs with the original."""
    groups: Groups = [
        ("", ["pair", "read"]),
        ("F1", ["across", "own"]),
        ("position", ["px off", "found"]),
    ]
    form = {"f1": share, "own_f1": share, "distance": pixels, "found": percent}
    rows = [row for run in pairs.runs for row in run]

    def bodies(name: str) -> list[Body]:
        def line(row: Row) -> Line:
            cells = [form[c](row[f"{c}_{name}"]) for c in PER_OBJECT]
            return Line(pair(row), cells, row.readings[name])

        return _bodies(pairs, rows, line, name)

    return Table(groups, [body for name in pairs.objects for body in bodies(name)])


def all_pairs(pairs: Pairs) -> Table:
    """Every ordered pair of two worlds in few columns."""
    groups = [
        ("", ["pair", "criterion"]),
        ("alignment", ["this frame", "predicted"]),
        ("squared error", [ERRORS["transfer"], ERRORS["predicted_transfer"]]),
        ("F1 across", pairs.objects),
    ]
    words: dict[float | None, str] = {1.0: "meets it", 0.0: "falls short"}

    def line(row: Row) -> Line:
        cells = [share(row["alignment"]), share(row["predicted_alignment"])]
        cells += [pixels(row["transfer"]), pixels(row["predicted_transfer"])]
        cells += [share(row[f"f1_{name}"]) for name in pairs.objects]
        return Line(pair(row), cells, words.get(row["success"], "not judged"))

    return _by_model(groups, pairs, pairs.crossed, line)


def _by_model(
    groups: Groups, pairs: Pairs, rows: Sequence[Row], line: Callable[[Row], Line]
) -> Table:
    """A table with a body per model, which is named where there are several."""
    return Table(groups, _bodies(pairs, rows, line))


def _bodies(
    pairs: Pairs, rows: Sequence[Row], line: Callable[[Row], Line], of: str = ""
) -> list[Body]:
    """The rows by model; titles tell what they are of, and the model where there are several."""
    bodies = []
    for model in pairs.models:
        title = ", ".join(filter(None, [of, f"model {model}" if len(pairs.models) > 1 else ""]))
        bodies.append(Body([line(row) for row in rows if row.model == model], title or None))
    return bodies
