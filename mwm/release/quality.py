"""How good models are in a few numbers, to tell what is left of it once they are quantised."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mwm.io.tables import read_csv

DREAMT = 25  # steps after which dreams are judged
PAIRS, DREAMS = "pairs.csv", "dreams.csv"

Rows = Iterable[Mapping[str, Any]]


def quality(pairs: Rows, dreams: Rows) -> dict[str, float]:
    """The worst of all ordered pairs of worlds.

    Args:
        pairs: rows of eval/pairs.csv.
        dreams: rows of eval/dreams.csv.

    Returns:
        `alignment`, `predicted_alignment`, `f1_<object>`; and `found_<object>_<kind>`, the share of
        frames in which an object is found after 25 steps of a dream, relative to that in which V
        finds it in the true frame.
    """
    crossed = [row for row in pairs if row["source"] != row["target"]]
    names = [name for name in (crossed or [{}])[0] if name.startswith("f1_")]
    found = {
        name: min(float(row[name]) for row in crossed if _known(row[name]))
        for name in ("alignment", "predicted_alignment", *names)
        if any(_known(row[name]) for row in crossed)
    }
    shares: dict[str, float] = {}
    for row in dreams:
        if int(row["step"]) == DREAMT and _known(row["found"]) and float(row["own_found"] or 0):
            name = f"found_{row['object']}_{row['kind']}"
            share = float(row["found"]) / float(row["own_found"])
            shares[name] = min(share, shares.get(name, share))
    return {name: round(value, 4) for name, value in (found | shares).items()}


def read_quality(evaluation: Path) -> dict[str, float]:
    """The same of an evaluation's tables.

    Raises:
        MwmError: a table is missing or damaged.
    """
    pairs, dreams = ([row for _, row in read_csv(evaluation / name)[1]] for name in (PAIRS, DREAMS))
    return quality(pairs, dreams)


def _known(value: Any) -> bool:
    return value not in (None, "")
