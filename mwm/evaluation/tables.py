"""Rows of metrics as CSV and JSON, and the curves of all runs in one file."""

import csv
import io
import re
import reprlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mwm import MwmError, records, store

CURVE_ROWS = 500  # more make pages of plots slow


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], first: Iterable[str] = ()) -> None:
    """Write rows as CSV: the columns `first`, even without rows, then others; None is empty."""
    rows = list(rows)
    columns = list(dict.fromkeys([*first, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _plain(v) for k, v in row.items()} for row in rows)
    store.write_text(path, text.getvalue())


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def gather_curves(folders: Iterable[Path]) -> list[dict[str, str]]:
    """The validations of all runs, each row with its run; thinned evenly to CURVE_ROWS at most.

    Raises:
        MwmError: a run has no validation.csv, or not one that training wrote.
    """
    rows = []
    for folder in folders:
        path = folder / "validation.csv"
        columns, lines = records.read_csv(path)
        if not {"iteration", "source", "target"} <= set(columns):
            raise MwmError(f"{path}: expected iteration, source, target; {store.REMAKE}")
        for number, row in lines:
            if not re.fullmatch(r"\d{1,9}", row["iteration"], re.ASCII):
                raise MwmError(
                    f"{path}:{number}: iteration: expected a whole number, "
                    f"found {reprlib.repr(row['iteration'])}; {store.REMAKE}"
                )
            rows.append({"run": folder.name, **row})
    iterations = sorted({int(row["iteration"]) for row in rows})
    step = -(-len(rows) // CURVE_ROWS)
    kept = set(iterations[::-1][::step])  # the last one always
    return [row for row in rows if int(row["iteration"]) in kept]
