"""Foreign plays beside random ones: whether a model knows the game or the paths of random play."""

from collections.abc import Callable, Iterable
from pathlib import Path

from mwm.io.tables import read_csv
from mwm.reporting.shared.pages import Body, Groups, Line, Table
from mwm.reporting.shared.results import Pairs, Row, lowest, read_pairs
from mwm.reporting.shared.words import beside, label, share

Measure = Callable[[Row, str], float | None]  # of an object in a direction


def read_foreign(path: Path | str) -> Pairs | None:
    """Read foreign.csv; None if no foreign plays were evaluated.

    Raises:
        MwmError: see `read_pairs`.
    """
    return read_pairs(path) if read_csv(path)[1] else None


def foreign_table(random: Pairs, foreign: Pairs) -> Table:
    """A line per variant, random and foreign plays side by side, the lower direction of each."""
    plays = ["random", "foreign"]
    groups: Groups = [
        ("", ["variant"]),
        ("alignment", plays),
        *((f"{name}: own F1 / share across", plays) for name in random.objects),
    ]
    lines: dict[str, list[Line]] = {}
    for ways in zip(random.runs, foreign.runs, strict=True):
        cells = [share(lowest(way, "alignment")) for way in ways]
        for name in random.objects:
            for way in ways:
                own, across = (least(way, [name], of) for of in (own_f1, share_of_own))
                cells.append(beside(share(own), share(across)))
        there = ways[0][0]
        lines.setdefault(there.model, []).append(Line(label(there.target), cells))
    several = len(lines) > 1
    return Table(groups, [Body(b, f"model {m}" if several else None) for m, b in lines.items()])


def own_f1(row: Row, name: str) -> float | None:
    """F1 of an object in what the target world draws from its own latents."""
    return row[f"own_f1_{name}"]


def share_of_own(row: Row, name: str) -> float | None:
    """F1 across as a share of own F1: 0 if the object is never drawn, None if no frame has it."""
    across, own = row[f"f1_{name}"], own_f1(row, name)
    return None if across is None or own is None else across / own if own else 0.0


def least(rows: Iterable[Row], objects: Iterable[str], of: Measure) -> float | None:
    """The lowest over rows and objects; None where nothing was measured."""
    every = [of(row, name) for row in rows for name in objects]
    return min((value for value in every if value is not None), default=None)
