"""The validation curves of all runs as one table."""

import re
import reprlib
from collections.abc import Iterable
from pathlib import Path

from mwm import ArtefactError
from mwm.io.tables import read_csv

CURVE_ROWS = 500  # more make pages of plots slow
CURVES = (  # columns that curves.csv has even without rows
    *("run", "iteration", "source", "target"),
    *("reconstruction", "prediction", "transfer", "predicted_transfer"),
    *("alignment", "predicted_alignment"),
)


def gather_curves(folders: Iterable[Path]) -> list[dict[str, str]]:
    """The validations of all runs, each row with its run; thinned evenly to CURVE_ROWS at most.

    Raises:
        MwmError: a run has no validation.csv, or not one that training wrote.
    """
    rows = []
    for folder in folders:
        path = folder / "validation.csv"
        columns, lines = read_csv(path)
        if not {"iteration", "source", "target"} <= set(columns):
            raise ArtefactError(f"{path}: expected iteration, source, target")
        for number, row in lines:
            if not re.fullmatch(r"\d{1,9}", row["iteration"], re.ASCII):
                raise ArtefactError(
                    f"{path}:{number}: iteration: expected a whole number, "
                    f"found {reprlib.repr(row['iteration'])}"
                )
            rows.append({"run": folder.name, **row})
    iterations = sorted({int(row["iteration"]) for row in rows})
    step = max(1, -(-len(rows) // CURVE_ROWS))  # no rows where all runs had no iterations
    kept = set(iterations[::-1][::step])  # the last one always
    return [row for row in rows if int(row["iteration"]) in kept]
