"""The tables that evaluation wrote, pairs.csv and curves.csv, checked while they are read."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mwm import ArtefactError
from mwm.io.tables import Line, read_csv
from mwm.settings.base import ORIGINAL

MEASURES = ("reconstruction", "transfer", "prediction", "predicted_transfer")
BASELINES = ("chance", "predicted_chance", "blank", "mean_frame", "untranslated", "upper_bound")
ALIGNMENTS = ("alignment", "predicted_alignment")
PER_OBJECT = ("f1", "own_f1", "distance", "found")
Words = dict[str, str]
Numbers = dict[str, float | None]
TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Row:
    """A model (or run), an ordered pair of worlds, and numbers by column; None: an empty cell.

    `readings` gives by object how it is read, in words.
    """

    model: str
    source: str
    target: str
    numbers: Mapping[str, float | None]
    readings: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, column: str) -> float | None:
        return self.numbers[column]

    @property
    def metrics(self) -> dict[str, float | str | None]:
        """Numbers and readings by column, as evaluation wrote them."""
        return {**self.numbers, **{f"reading_{name}": w for name, w in self.readings.items()}}


@dataclass(frozen=True)
class Pairs:
    """pairs.csv: every model's ordered pairs of worlds, a world with itself included."""

    rows: Sequence[Row]
    objects: Sequence[str]

    @property
    def models(self) -> list[str]:
        """All models, in the order of the table."""
        return list(dict.fromkeys(row.model for row in self.rows))

    @property
    def worlds(self) -> list[str]:
        """All worlds: the original first, the others in the order of the table."""
        return list(dict.fromkeys([ORIGINAL, *(row.source for row in self.rows)]))

    @property
    def crossed(self) -> list[Row]:
        """The ordered pairs of two worlds."""
        return [row for row in self.rows if row.source != row.target]

    @property
    def runs(self) -> list[tuple[Row, Row]]:
        """For each model and variant: from the original to the variant, and back."""
        rows = {(row.model, row.source, row.target): row for row in self.crossed}
        return [
            (row, rows[row.model, row.target, row.source])
            for row in self.crossed
            if row.source == ORIGINAL
        ]


def read_pairs(path: Path | str) -> Pairs:
    """Read pairs.csv.

    Raises:
        MwmError: missing, no CSV, a column missing, a word for a number, or a pair missing.
    """
    numbers = ("frames", *MEASURES, *BASELINES, *ALIGNMENTS, "success")
    rows, objects = _read(path, "model", numbers, PER_OBJECT)
    pairs = Pairs(rows, objects)
    known = {(row.model, row.source, row.target) for row in rows}
    for model, source, target in known:
        if (model, target, source) not in known:
            raise ArtefactError(
                f"{path}: expected a row for {model}, {target} to {source}, found none"
            )
    if not pairs.runs:
        raise ArtefactError(f"{path}: expected {ORIGINAL} and a variant, found no such pair")
    return pairs


def read_curves(path: Path | str) -> list[Row]:
    """Read curves.csv: a row per run, iteration and direction; `Row.model` is the run.

    Raises:
        MwmError: missing, no CSV, a column missing, or a word for a number.
    """
    return _read(path, "run", ("iteration", *MEASURES), ())[0]


def _read(
    path: Path | str, model: str, numbers: Sequence[str], per_object: Sequence[str]
) -> tuple[list[Row], list[str]]:
    """The rows of a CSV file, and the objects that its columns name."""
    columns, lines = read_csv(path)
    objects = [column.removeprefix("f1_") for column in columns if column.startswith("f1_")]
    numbers = [*numbers, *(f"{column}_{o}" for o in objects for column in per_object)]
    readings = [f"reading_{o}" for o in objects] if per_object else []
    table = _typed(path, columns, lines, (model, "source", "target", *readings), numbers)
    rows = []
    for words, found in table:
        read = {column.removeprefix("reading_"): words[column] for column in readings}
        rows.append(Row(words[model], words["source"], words["target"], found, read))
    return rows, objects


def read_table(
    path: Path | str, words: Sequence[str], numbers: Sequence[str]
) -> list[tuple[Words, Numbers]]:
    """The rows of any CSV file of evaluation: its words and its numbers, by column.

    Raises:
        MwmError: missing, no CSV, a column missing, or a word for a number.
    """
    return _typed(path, *read_csv(path), words, numbers)


def _typed(
    path: Path | str,
    columns: Sequence[str],
    lines: Sequence[Line],
    words: Sequence[str],
    numbers: Sequence[str],
) -> list[tuple[Words, Numbers]]:
    """The rows as words and numbers, after a check that every column is there."""
    for column in (*words, *numbers):
        if column not in columns:
            raise ArtefactError(f"{path}: expected a column {column!r}, found none")
    rows = []
    for number, line in lines:
        where = f"{path}:{number}"
        found = {column: _number(line[column], f"{where}: {column}") for column in numbers}
        rows.append(({column: line[column] for column in words}, found))
    return rows


def _number(cell: str, where: str) -> float | None:
    try:
        number = TRUTH[cell.lower()] if cell.lower() in TRUTH else float(cell or "nan")
    except ValueError:
        raise ArtefactError(f"{where}: expected a number, found {cell!r}") from None
    return number if math.isfinite(number) else None


def lowest(rows: Iterable[Row], column: str) -> float | None:
    """The least number of a column; None where it has none."""
    return min((value for row in rows if (value := row[column]) is not None), default=None)


def worse(ways: Iterable[Row], name: str) -> Row:
    """The row, of the two directions between worlds, in which an object's F1 is lower."""
    return min(ways, key=lambda way: way[f"f1_{name}"] or 0.0)
