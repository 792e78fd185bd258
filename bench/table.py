"""Rows of the table: what we do, what bounds it, what others do, measured in turn."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

OURS, LIMIT = "ours", "limit"


@dataclass(frozen=True)
class Row:
    """One thing that was measured.

    Attributes:
        step: what is done.
        unit: of the figures.
        figures: for OURS, LIMIT and each peer, one of every round; the n-th of all are neighbours
            in time. A peer that is not installed has none.
        aim: the most that ours may be of the limit.
        limit: what the limit is, in words.
        most: the most that ours may be, in `unit`, where that is the aim instead.
    """

    step: str
    unit: str
    figures: Mapping[str, list[float]]
    limit: str = ""
    aim: float | None = None
    most: float | None = None

    def of_ours(self, name: str) -> float | None:
        """The median over rounds of a figure's ratio to ours; of LIMIT the other way round."""
        pairs = zip(self.figures.get(name, ()), self.figures[OURS], strict=False)
        ratios = [own / other if name == LIMIT else other / own for other, own in pairs]
        return statistics.median(ratios) if ratios else None

    def told(self) -> dict[str, Any]:
        """For JSON: all figures, and what follows from them."""
        medians = {k: statistics.median(v) for k, v in self.figures.items() if v}
        peers = {k: self.of_ours(k) for k in self.figures if k not in (OURS, LIMIT)}
        return asdict(self) | {
            "medians": medians,
            "ours_of_limit": self.of_ours(LIMIT),
            "peers_of_ours": peers,
            "within": self.within,
        }

    @property
    def within(self) -> bool | None:
        """Whether the aim is met; None without one."""
        if self.most is not None:
            return statistics.median(self.figures[OURS]) <= self.most
        ratio = self.of_ours(LIMIT)
        return None if self.aim is None or ratio is None else ratio <= self.aim


def measured(
    contenders: Mapping[str, Callable[[], float] | None], rounds: int
) -> dict[str, list[float]]:
    """Let contenders take turns, so that a busy machine slows all alike.

    Args:
        contenders: each does its work and returns its figure; None cannot take part here.
        rounds: turns of each, after one that does not count.

    Returns:
        The figures of each, by round.
    """
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    for nth in range(rounds + 1):
        for name, act in contenders.items():
            if act is not None:
                figure = act()
                if nth:
                    figures[name].append(figure)
    return figures


def seconds(
    act: Callable[[], object],
    times: int = 1,
    scale: float = 1.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Callable[[], float]:
    """A contender: the seconds of `act` by a clock, the mean of `times` in a row, scaled."""

    def contend() -> float:
        begin = clock()
        for _ in range(times):
            act()
        return (clock() - begin) / times * scale

    return contend


def lines(rows: list[Row]) -> list[str]:
    """The table as text, with the spread (half of the range) of ours."""
    cells = [("step", "unit", "ours", "", "of the limit", "aim", "peers, times ours")]
    for row in rows:
        own = row.figures[OURS]
        ratio = row.of_ours(LIMIT)
        aim = "" if row.aim is None else f"{row.aim:.3g}"
        if row.most is not None:
            aim = f"{row.most:g} {row.unit}"
        peers = {k: row.of_ours(k) for k in row.figures if k not in (OURS, LIMIT)}
        verdict = "  MISSED" if row.within is False else ""
        cells.append(
            (
                row.step,
                row.unit,
                f"{statistics.median(own):.3g}",
                f"±{(max(own) - min(own)) / 2:.1g}",
                "" if ratio is None else f"{ratio:.2f} x {row.limit}",
                f"{aim}{verdict}",
                ", ".join(f"{k} {v:.1f}" if v else f"{k} not here" for k, v in peers.items()),
            )
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
