"""What figures show, read from the figures themselves."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from mwm.reporting.control.figures import learning_figure, scores_figure
from mwm.reporting.control.results import Result, Results
from mwm.reporting.figures.alignment import alignment_figure
from mwm.reporting.figures.curves import curves_figure
from mwm.reporting.figures.dreams import MEASURES as DREAMT
from mwm.reporting.figures.dreams import dreams_figure
from mwm.reporting.figures.field import FEWEST, _table
from mwm.reporting.figures.style import LIGHT, themed
from mwm.reporting.shared.results import MEASURES, Pairs, Row
from mwm.reporting.studies.ablations import ablations_figure

DREAMS = (("", 0.0), ("own_", 0.1), ("copy_", -0.2))  # how columns begin; what is added there


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are returned instead of their PNG."""
    for room in ("control.figures", "figures.alignment", "figures.curves", "figures.dreams"):
        monkeypatch.setattr(f"mwm.reporting.{room}.png", lambda figure: figure)
    monkeypatch.setattr("mwm.reporting.studies.ablations.png", lambda figure: figure)


def figure_of(draw: Any, *given: Any) -> Figure:
    with themed(LIGHT):
        figure: Figure = draw(*given, LIGHT, 55)
    return figure


def test_a_matrix_is_of_its_measure_at_its_worst_rounded_down_and_bold_from_the_criterion(
    undrawn: None,
) -> None:
    """The right one could show the left one's numbers, and 0.9699 stand there as 0.97."""

    def ways(model: str, there: tuple[float, float], back: tuple[float, float]) -> list[Row]:
        names = ("alignment", "predicted_alignment")
        return [
            Row(model, "original", "mirror", dict(zip(names, there, strict=True))),
            Row(model, "mirror", "original", dict(zip(names, back, strict=True))),
        ]

    rows = ways("one", (0.99, 0.98), (0.9699, 0.5)) + ways("two", (0.985, 0.97), (0.999, 0.9))
    for panel, told in zip(
        figure_of(alignment_figure, Pairs(rows, [])).axes,
        ({("0.98", "bold"), ("0.96", "normal")}, {("0.97", "bold"), ("0.50", "normal")}),
        strict=True,
    ):
        shown = {(text.get_text(), text.get_fontweight()) for text in panel.texts}
        assert shown == told | {("", "normal")}


def test_learning_curves_are_medians_over_seeds_with_all_of_them_in_the_band(
    undrawn: None,
) -> None:
    rows = [
        Row("mirror", source, target, {"iteration": 5.0} | dict.fromkeys(MEASURES, error + lost))
        for source, target, lost in (("original", "mirror", 0.0), ("mirror", "original", 10.0))
        for error in (1.0, 2.0, 6.0)
    ]
    for panel, middle in zip(figure_of(curves_figure, rows).axes, (2.0, 12.0), strict=True):
        assert [list(line.get_ydata()) for line in panel.lines] == [[middle]] * len(MEASURES)
        for band in panel.collections:
            heights = band.get_paths()[0].vertices[:, 1]
            assert (heights.min(), heights.max()) == (middle - 1, middle + 4)


def test_the_line_of_learning_goes_on_from_game_to_game(undrawn: None) -> None:
    rows = [{"steps": 1e6 * i, "games": 100.0, "score": 3.0 * i} for i in (1, 2)]
    (panel,) = figure_of(learning_figure, rows).axes
    scores, means = panel.lines
    assert list(scores.get_ydata()) == list(means.get_ydata()) == [3.0, 6.0]
    assert list(means.get_xdata()) == [1.0, 2.0]


def test_a_score_stands_in_the_row_of_its_world_with_its_margin(undrawn: None) -> None:
    def result(world: str, vision: str, score: float) -> Result:
        return Result(world, vision, 100, score, 1.5, {})

    away = [result("mirror", "recruited", 8.0), result("vswap", "recruited", 5.0)]
    home = result("original", "own", 10.0), result("original", "random", -20.0)
    (panel,) = figure_of(scores_figure, Results(*home, away)).axes
    names = [label.get_text() for label in panel.get_yticklabels()]
    ((points, _, (bars,)),) = panel.containers
    assert ["mirror" in names[0], "vswap" in names[1]] == [True, True]
    assert list(points.get_xdata()) == [8.0, 5.0]
    assert [round(float(height)) for height in points.get_ydata()] == [0, 1]
    assert [list(each[:, 0]) for each in bars.get_segments()] == [[6.5, 9.5], [3.5, 6.5]]
    assert [line.get_xdata()[0] for line in panel.lines if len(set(line.get_xdata())) == 1] == [
        *(10.0, -20.0)
    ]


def test_a_dot_is_filled_where_the_criterion_is_met(undrawn: None) -> None:
    rows = [
        {"condition": "c", "world": "mirror", "seed": 1, "alignment": value, "success": met}
        for value, met in ((0.99, True), (0.4, False))
    ]
    (panel,) = figure_of(ablations_figure, rows).axes
    filled = {
        line.get_xdata()[0]: line.get_markerfacecolor() == line.get_color()
        for line in panel.lines
        if len(line.get_xdata()) == 1
    }
    assert filled == {0.99: True, 0.4: False}


def test_cells_of_less_than_ten_frames_say_nothing() -> None:
    words = {"model": "one", "plays": "random", "world": "original", "object": "ball"}
    numbers = [{"row": 0.0, "column": float(n - 9), "frames": float(n), "f1": 0.5} for n in (9, 10)]
    table = _table([(words, each) for each in numbers])
    assert FEWEST == 10
    assert np.isnan(table[0, 0])
    assert table[0, 1] == 0.5


def test_lines_of_dreams_are_means_over_pairs_with_all_of_them_in_the_band(undrawn: None) -> None:
    words = {"model": "one", "source": "a", "target": "b", "object": "ball", "kind": "same"}
    rows = [
        (words, {"step": step, "frames": 30.0}
         | {f"{of}{name}": value + lower for of, lower in DREAMS for name in DREAMT})
        for step in (1.0, 2.0)
        for value in (0.3, 0.4, 0.8)
    ]  # fmt: skip
    found, distance = figure_of(dreams_figure, rows).axes[:2]
    for panel in (found, distance):
        dreamt, own, copied = (list(line.get_ydata()) for line in panel.lines)
        assert dreamt == pytest.approx([0.5, 0.5])
        assert own == pytest.approx([0.6, 0.6])
        assert copied == pytest.approx([0.3, 0.3])
        assert [line.get_linestyle() for line in panel.lines] == ["-", "--", ":"]
        heights = panel.collections[0].get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == (0.3, 0.8)
