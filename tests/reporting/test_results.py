import pytest
from forgery import rewrite
from reports import THREE

from mwm import MwmError
from mwm.reporting.figures.elements import read_elements
from mwm.reporting.shared.results import read_curves, read_pairs


def test_pairs_are_read_with_their_objects_and_empty_cells(evaluated):
    pairs = read_pairs(evaluated(THREE, {("vswap", "mirror"): 0.2}) / "pairs.csv")
    assert pairs.worlds == ["original", "vswap", "mirror"]
    assert pairs.objects == ["opponent", "agent", "ball"]
    assert len(pairs.rows) == 9
    assert [(there.target, back.source) for there, back in pairs.runs] == [
        ("vswap", "vswap"),
        ("mirror", "mirror"),
    ]
    lost = next(row for row in pairs.crossed if (row.source, row.target) == ("vswap", "mirror"))
    assert lost["alignment"] == 0.2
    assert lost["distance_ball"] is None
    assert lost["success"] == 0
    assert pairs.rows[0]["success"] is None


def test_a_game_without_listed_objects_has_none(evaluated):
    assert read_pairs(evaluated(THREE, objects=()) / "pairs.csv").objects == []


@pytest.mark.parametrize("cell", ["nan", "inf", ""])
def test_what_is_no_finite_number_counts_as_not_measured(evaluated, cell):
    path = evaluated(THREE) / "curves.csv"
    was, now = (f"vswap,5,original,vswap,{value}," for value in ("8.0", cell))
    rewrite(path, path.read_text().replace(was, now))
    assert read_curves(path)[0]["reconstruction"] is None


def _spoil(path, old, new):
    text = path.read_text()
    assert old in text
    rewrite(path, text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("alignment", "alingment", "expected a column 'alignment', found none"),
        ("own_f1_ball", "other", "expected a column 'own_f1_ball', found none"),
        ("26.5", "many", r"pairs.csv:2: blank: expected a number, found 'many'"),
        (",26.5", "", r"pairs.csv:2: expected \d+ cells"),
        ("26.5", '"26.5', "expected CSV, found: unexpected end of data"),
        ("anchored,mirror,vswap", "anchored,mirror,mirror", "a row for anchored, mirror to vswap"),
    ],
)
def test_damaged_pairs_are_told_by_file_and_line(evaluated, old, new, told):
    path = evaluated(THREE) / "pairs.csv"
    _spoil(path, old, new)
    with pytest.raises(MwmError, match=told) as caught:
        read_pairs(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_pairs_without_a_variant_are_refused(evaluated):
    with pytest.raises(MwmError, match="expected original and a variant, found no such pair"):
        read_pairs(evaluated({"lonely": ["original"]}) / "pairs.csv")


@pytest.mark.parametrize("read", [read_pairs, read_curves, read_elements])
def test_missing_and_foreign_tables_are_told(tmp_path, read):
    path = tmp_path / "table.csv"
    with pytest.raises(MwmError, match=r"table.csv: not found"):
        read(path)
    rewrite(path, b"\x89HDF\r\n\x1a\n")
    with pytest.raises(MwmError, match=r"table.csv: expected CSV"):
        read(path)
    rewrite(path, "")
    with pytest.raises(MwmError, match=r"table.csv: expected a column"):
        read(path)
