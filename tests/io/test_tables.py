"""CSV tables: every column and value is there, and rows of another length are refused."""

from pathlib import Path

import pytest
from forgery import rewrite

from mwm import ArtefactError
from mwm.io import records
from mwm.io.tables import read_csv, write_csv

ROWS = [
    {"world": "mirror", "f1": 0.1 + 0.2, "passed": True},
    {"world": "invert", "f1": None, "passed": False, "note": 'a "b", c\nd'},
]


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A column that only later rows have is there; None is an empty cell."""
    write_csv(tmp_path / "a.csv", ROWS, first=["seed", "f1"])
    records.write_manifest(tmp_path, ["a.csv"])
    columns, lines = read_csv(tmp_path / "a.csv")
    assert columns == ["seed", "f1", "world", "passed", "note"]
    assert [line for _, line in lines] == [
        {"seed": "", "f1": repr(0.1 + 0.2), "world": "mirror", "passed": "true", "note": ""},
        {"seed": "", "f1": "", "world": "invert", "passed": "false", "note": 'a "b", c\nd'},
    ]


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [], first=["seed", "f1"])
    assert (tmp_path / "a.csv").read_bytes() == b"seed,f1\n"


@pytest.mark.parametrize("row", ["1", "1,2,3", "1,2,"])
def test_a_row_of_another_length_is_told_with_its_line(tmp_path: Path, row: str) -> None:
    """Cells that are missing would be read as empty, and so as no measurement."""
    rewrite(tmp_path / "a.csv", f"seed,f1\n0,1\n{row}\n2,3\n")
    with pytest.raises(ArtefactError, match=r"a\.csv:3: expected 2 cells, found others"):
        read_csv(tmp_path / "a.csv")


def test_the_order_of_keys_changes_no_checksum() -> None:
    assert records.digest({"a": 1, "b": 2}) == records.digest({"b": 2, "a": 1})
    assert records.digest({"a": 1, "b": 2}) != records.digest({"a": 2, "b": 1})
