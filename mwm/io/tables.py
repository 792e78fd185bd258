"""CSV tables, with their checksums in the manifest beside them."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mwm import ArtefactError
from mwm.io.files import write_text
from mwm.io.records import read_listed

Line = tuple[int, dict[str, str]]


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], first: Iterable[str] = ()) -> None:
    """Write rows as CSV: columns `first`, even without rows, then others; None is empty."""
    rows = list(rows)
    columns = list(dict.fromkeys([*first, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _plain(v) for k, v in row.items()} for row in rows)
    write_text(path, text.getvalue())


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def read_csv(path: Path | str) -> tuple[list[str], list[Line]]:
    """The columns of a CSV file that a manifest lists, and its rows with their line numbers.

    Raises:
        MwmError: the file or its manifest is missing or damaged, it is no CSV, or a row has more or
            fewer cells than there are columns.
    """
    content = read_listed(path)
    try:
        text = content.decode()
        if "\0" in text:
            raise ValueError("a NUL character")
        table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        lines: list[Line] = [(table.line_num, line) for line in table]
    except (ValueError, csv.Error) as error:
        raise ArtefactError(f"{path}: expected CSV, found: {error}") from None
    columns = list(table.fieldnames or ())
    for number, line in lines:
        if len(line) != len(columns) or None in line.values():
            raise ArtefactError(f"{path}:{number}: expected {len(columns)} cells, found others")
    return columns, lines
