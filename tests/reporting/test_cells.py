"""Cells of the pages' tables, each under its own head."""

from typing import Any

import pytest

from mwm.reporting.control.page import table
from mwm.reporting.control.results import Result, Results
from mwm.reporting.run import tables
from mwm.reporting.run.foreign import foreign_table
from mwm.reporting.run.page import _key_figures
from mwm.reporting.shared.results import Pairs, Row
from mwm.reporting.studies.tables import models_table, variants_table


def way(source: str, target: str, **changes: Any) -> Row:
    """A row of pairs.csv in which every number differs from all others."""
    columns = (*tables.ERRORS, "alignment", "predicted_alignment")
    numbers: dict[str, Any] = {name: float(place) for place, name in enumerate(columns, 1)}
    numbers |= {"alignment": 0.99, "predicted_alignment": 0.98, "success": 1.0}
    numbers |= {"f1_ball": 0.95, "own_f1_ball": 0.96, "distance_ball": 0.25, "found_ball": 0.9}
    return Row("one", source, target, numbers | changes, {"ball": "right"})


def pairs(there: Row, back: Row) -> Pairs:
    return Pairs([there, back], ["ball"])


LOST = {"alignment": 0.6, "predicted_alignment": 0.5, "f1_ball": 0.4, "own_f1_ball": 0.8}


def test_every_cell_of_a_run_s_tables_stands_under_its_head() -> None:
    """Columns could change places."""
    told = pairs(way("original", "mirror"), way("mirror", "original", **LOST))
    (line,) = tables.verdicts(told).bodies[0].lines
    assert line.cells[:4] == ["0.990", "0.600", "0.980", "0.500"], "from the original, then to it"
    assert line.cells[4] == "0.400<small> / 0.800</small>", "of the lower direction"
    first, second = tables.all_pairs(told).bodies[0].lines
    assert first.cells == ["0.990", "0.980", "1.00", "8.00", "0.950"]
    assert second.cells == ["0.600", "0.500", "1.00", "8.00", "0.400"]
    shown = tables.objects(told).bodies[0].lines[0].cells
    assert shown == ["0.950", "0.960", "0.25", "90%"], "across, own, off, found"
    cells = tables.errors(told).bodies[0].lines[0].cells
    now = ["1.00", "2.00", "3.00", "4.00", "5.00", "6.00", "7.00", "0.990"]
    assert cells == [*now, "8.00", "9.00", "10.00", "0.980"]


def test_the_numbers_at_the_top_are_counts_and_the_lowest_alignments() -> None:
    back = way("mirror", "original", alignment=0.6, predicted_alignment=0.5, success=0.0)
    told = _key_figures(pairs(way("original", "mirror", success=0.0), back))
    assert [value for _, value in told] == [
        "0<small> of 1</small>",
        "1<small> of 2</small>",
        "0.600<small> Γ<sub>m</sub> → Γ<sub>o</sub></small>",
        "0.500<small> Γ<sub>m</sub> → Γ<sub>o</sub></small>",
    ]


@pytest.mark.parametrize("lost", [0, 1])
def test_of_foreign_plays_too_it_is_the_lower_direction(lost: int) -> None:
    changes: list[dict[str, Any]] = [{}, {}]
    changes[lost] = LOST
    foreign = pairs(
        way("original", "mirror", **changes[0]), way("mirror", "original", **changes[1])
    )
    random = pairs(way("original", "mirror"), way("mirror", "original"))
    (line,) = foreign_table(random, foreign).bodies[0].lines
    assert line.cells == [
        *("0.990", "0.600"),
        *("0.960<small> / 0.989</small>", "0.800<small> / 0.500</small>"),
    ]


VARIANT = {
    **{"world": "mirror", "inputs": "corresponding", "method": "anchored", "seed": 1},
    **{"episodes": 600, "policy": "random", "information": "actions", "success": True},
    **{f"alignment_{way}": 0.99 for way in ("forward", "backward")},
    **{f"predicted_alignment_{way}": 0.98 for way in ("forward", "backward")},
    **{"ball_f1": 0.95, "own_ball_f1": 0.96, "ball_distance": 0.25, "ball_reading": "right"},
    **{"minutes": 3.0, "minutes_from_nothing": 30.0},
}


def test_of_several_seeds_the_lowest_is_told_and_of_times_and_pixels_the_median() -> None:
    """The F1 could be that of the best seed, and the alignment that of the first."""
    middle = VARIANT | {"seed": 2, "alignment_backward": 0.7, "ball_distance": 0.5, "minutes": 4.0}
    worst = VARIANT | {"seed": 3, "predicted_alignment_forward": 0.6, "success": False}
    worst |= {"ball_f1": 0.4, "own_ball_f1": 0.8, "ball_distance": 8.0, "minutes": 9.0}
    (line,) = variants_table([VARIANT, middle, worst], ["ball"]).bodies[0].lines
    assert line.cells == [
        "2 of 3<small> 0.21–0.94</small>",
        *("0.700", "0.600", "0.400<small> / 0.800</small>", "0.50", "4.0", "30.0"),
    ]


def test_models_of_all_worlds_are_counted_as_their_heads_say() -> None:
    row = {"method": "anchored", "seed": 1, "pairs": 30, "pairs_aligned": 29, "successes": 25}
    row |= {"alignment_min": 0.97, "predicted_alignment_min": 0.96, "ball_f1_min": 0.9}
    (line,) = models_table([row | {"minutes": 12.0}], ["ball"]).bodies[0].lines
    assert line.cells == ["30", "29", "25", "0.970", "0.960", "0.900", "12.0"]


def test_every_row_of_scores_says_whose_codes_were_seen() -> None:
    """A V that was trained alone could be called recruited."""

    def result(world: str, vision: str) -> Result:
        return Result(world, vision, 100, 1.0 if vision == "own" else 0.0, 1.0, {})

    visions = ("recruited", "alone", "original's", "100 pairs")
    home = result("original", "own"), result("original", "random")
    bodies = table(Results(*home, [result("mirror", vision) for vision in visions])).bodies
    assert [[line.name for line in body.lines] for body in bodies] == [
        ["the original's own V, with which it learned", "none: it acts at random"],
        [
            "recruited: aligned with the original",
            "trained alone",
            "the original's, on frames of another world",
            "trained alone, mapped linearly by 100 pairs",
        ],
    ]
