"""The table of benchmarks: what its figures are, and that it can be made. No time is asserted."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from bench import __main__ as bench
from bench.table import LIMIT, OURS, Row, lines, measured, seconds

ROOT = Path(__file__).resolve().parents[1]


def test_contenders_take_turns_and_the_first_does_not_count() -> None:
    turns: list[str] = []

    def contend(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    figures = measured({"a": lambda: contend("a"), "b": lambda: contend("b"), "c": None}, 2)
    assert turns == ["a", "b"] * 3
    assert figures == {"a": [3.0, 5.0], "b": [4.0, 6.0], "c": []}


def test_ratios_are_medians_of_neighbours_and_not_ratios_of_medians() -> None:
    figures = {OURS: [2.0, 20.0, 9.0], LIMIT: [1.0, 10.0, 9.0], "peer": [6.0, 60.0, 9.0], "no": []}
    row = Row("work", "s", figures, "the limit", aim=1.5)
    assert row.of_ours(LIMIT) == 2.0
    assert row.of_ours("peer") == 3.0
    assert row.of_ours("no") is None
    assert row.within is False
    assert "2.00 x the limit" in lines([row])[1]
    assert "1.5  MISSED" in lines([row])[1]
    assert "peer 3.0, no not here" in lines([row])[1]


@pytest.mark.parametrize(("most", "within"), [(3.0, True), (1.0, False), (None, None)])
def test_an_aim_may_be_for_ours_alone(most: float | None, within: bool | None) -> None:
    assert Row("work", "s", {OURS: [2.0], LIMIT: [9.0]}, most=most).within is within


def test_seconds_are_of_one_act_in_the_unit_asked_for() -> None:
    ticks, done = iter([10.0, 16.0]), []
    assert seconds(lambda: done.append(1), 3, 1e3, lambda: next(ticks))() == 2000
    assert len(done) == 3


def test_an_aim_is_met_by_the_median_and_not_by_the_best() -> None:
    figures = [1.0, 4.0, 5.0]
    assert Row("work", "s", {OURS: figures}, most=3.0).within is False
    assert Row("work", "s", {OURS: figures, LIMIT: [1.0] * 3}, aim=3.0).within is False


@pytest.mark.slow
def test_figures_are_written_with_the_machine(tmp_path: Path) -> None:
    out = tmp_path / "new" / "bench.json"
    result = CliRunner().invoke(bench.app, ["worlds", "--out", str(out)])
    assert result.exit_code == 0, result.output
    told = json.loads(out.read_text())
    assert told["machine"]["versions"]["python"]
    assert told["rows"][0]["figures"][OURS]


def test_what_was_measured_before_a_step_fails_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight minutes of figures were lost, since they were written after the last step."""
    steps = {
        "bench.worlds": lambda: [Row("work", "s", {OURS: [2.0]})],
        "bench.growth": lambda: 1 / 0,
    }
    monkeypatch.setattr(bench, "import_module", lambda name: SimpleNamespace(rows=steps[name]))
    out = tmp_path / "bench.json"
    result = CliRunner().invoke(bench.app, ["worlds", "growth", "--out", str(out)])
    assert result.exit_code == 1
    assert [row["step"] for row in json.loads(out.read_text())["rows"]] == ["work"]


def test_an_unknown_step_is_told() -> None:
    result = CliRunner().invoke(bench.app, ["wrlds"])
    assert result.exit_code == 2
    assert "unknown wrlds; expected some of collect, " in result.output


def test_the_page_has_the_figures_of_the_last_full_run() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    for row in json.loads((ROOT / "bench" / "results.json").read_text())["rows"]:
        if "peak memory" in row["step"]:  # in brackets at the end of another row
            peak = float(f"{row['medians'][OURS]:.3g}")
            assert f"(peak memory {peak:,.0f} MB)" in page
            continue
        begins = f"| {row['step']} | {row['unit']} | "
        (line,) = (line for line in page.split("\n") if line.startswith(begins))
        ours = row["medians"][OURS]
        shown = f"{ours:,.0f}" if ours >= 100 else f"{ours:.3g}"
        assert line.removeprefix(begins).split()[0] == shown, row["step"]
        if row["limit"]:
            assert f"| {row['ours_of_limit']:.2f} x " in line
            assert all(word.strip(",") in line for word in row["limit"].split())
        for peer, of_ours in row["peers_of_ours"].items():
            assert f"{peer} {of_ours:.1f}" in line
