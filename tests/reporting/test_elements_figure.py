"""The figure of key elements, and the table that it is drawn from."""

import io
from functools import partial

import numpy as np
import pytest
from forgery import rewrite
from PIL import Image

from mwm import MwmError
from mwm.io import records
from mwm.io.tables import write_csv
from mwm.reporting.figures.elements import _table, elements_figure, read_elements
from mwm.reporting.figures.style import DARK, LIGHT, themed

ONE = {"anchored": ["original", "vswap", "mirror"]}
JOINT = {"vswap": ["original", "vswap"], "mirror": ["original", "mirror"]}
SIGMAS = [-0.5, -3.0, 0.0, -2.5]


@pytest.fixture
def table(tmp_path):
    """Writes elements.csv of made-up numbers as evaluation does; returns its path."""
    return partial(_write, tmp_path / "elements.csv")


def _write(path, models, latent=4):
    rows = []
    for m, (model, worlds) in enumerate(models.items()):
        for w, world in enumerate(worlds):
            for k in range(latent):
                numbers = {
                    "log_sigma": SIGMAS[k % 4] + 0.01 * w,
                    "spread": 1.5,
                    "distance": 0.125 * w,
                    "weight": 10.0 + w + m,
                    "gradient": 3.0 + k,
                }
                rows.append({"model": model, "world": world, "dimension": k, **numbers})
    write_csv(path, rows)
    records.write_manifest(path.parent, [path.name])
    return path


def _draw(elements, theme=LIGHT, dpi=50):
    with themed(theme):
        return elements_figure(elements, theme, dpi)


def _pixels(image):
    with Image.open(io.BytesIO(image)) as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def _has(image, colour):
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return (abs(_pixels(image) - wanted).sum(2) < 40).any()


def test_elements_are_read_as_they_were_written(table):
    elements = read_elements(table(ONE))
    assert len(elements) == 12
    first, last = elements[0], elements[-1]
    assert (first.model, first.world, first.dimension) == ("anchored", "original", 0)
    assert (last.model, last.world, last.dimension) == ("anchored", "mirror", 3)
    numbers = (last.log_sigma, last.spread, last.distance, last.weight, last.gradient)
    assert numbers == (-2.48, 1.5, 0.25, 12.0, 6.0)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_same_elements_give_the_same_bytes_in_both_colours(table, theme):
    elements = read_elements(table(ONE))
    image = _draw(elements, theme, 100)
    assert image == _draw(list(elements), theme, 100)
    assert image.startswith(b"\x89PNG")
    assert _pixels(image).shape[1] == 850
    assert _has(image, theme.own)
    assert _has(image, theme.cross)


@pytest.mark.parametrize("column", ["log_sigma", "spread", "distance", "weight", "gradient"])
def test_every_number_of_the_table_is_seen(table, column):
    path = table(ONE)
    before = read_elements(path)
    places = [i for i, e in enumerate(before) if e.world == "original"]
    if column == "distance":
        places = [i for i, e in enumerate(before) if e.world == "mirror"]
    changed = list(before)
    for i in places[1:2]:
        values = {**vars(before[i]), column: getattr(before[i], column) + 1.0}
        changed[i] = type(before[i])(**values)
    assert _draw(before) != _draw(changed)


def test_the_order_of_dimensions_is_that_of_the_originals_log_sigma(table):
    elements = read_elements(table(ONE))
    renamed = {0: 2, 1: 0, 2: 3, 3: 1}  # as sorted: only the numbers below the figure may differ
    moved = [type(e)(**{**vars(e), "dimension": renamed[e.dimension]}) for e in elements]
    one, other = _pixels(_draw(elements)), _pixels(_draw(moved))
    height = len(one)
    assert (one[: height * 9 // 10] == other[: height * 9 // 10]).all()
    assert (one != other).any()


def test_rows_may_come_in_any_order(table):
    elements = read_elements(table(ONE))
    assert _draw(elements) == _draw(sorted(elements, key=lambda e: (-e.dimension, e.world)))


def test_models_of_the_joint_schedule_are_pooled(table):
    elements = read_elements(table(JOINT))
    assert _table(elements, "weight", True).tolist() == [[10.0] * 4, [11.0] * 4]
    assert _table(elements, "weight", False).tolist() == [[11.0] * 4, [12.0] * 4]
    assert _draw(elements).startswith(b"\x89PNG")


@pytest.mark.parametrize("latent", [1, 2, 200])
def test_few_and_many_dimensions_and_a_single_variant_are_drawn(table, latent):
    elements = read_elements(table({"anchored": ["original", "mirror"]}, latent))
    assert _draw(elements).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("log_sigma", "sigma", "expected a column 'log_sigma', found none"),
        ("dimension", "k", "expected a column 'dimension', found none"),
        ("-0.5,", "little,", r"elements.csv:2: log_sigma: expected a number, found 'little'"),
        ("-0.5,", ",", "expected a finite number in every cell"),
        ("-0.5,", "nan,", "expected a finite number in every cell"),
        ("original,0,", "original,-1,", "expected dimensions 0 to 3 of anchored, original"),
        ("original,0,", "original,0.5,", "expected dimensions 0 to 3 of anchored, original"),
        ("original,0,", "original,1,", "expected dimensions 0 to 3 of anchored, original, each"),
        ("original,0,", "original,999999999,", "expected dimensions 0 to 999999999 of anchored"),
        ("original,0,", f"original,{'9' * 5000},", "expected a finite number in every cell"),
        ("-0.5,1.5,", "-0.5,", r"elements.csv:2: expected \d+ cells"),
        ("-0.5,", '"-0.5,', "expected CSV, found: unexpected end of data"),
    ],
)
def test_damaged_tables_are_told_by_file_and_line(table, old, new, told):
    path = table(ONE)
    text = path.read_text()
    assert old in text
    rewrite(path, text.replace(old, new, 1))
    with pytest.raises(MwmError, match=told) as caught:
        read_elements(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ({"lonely": ["original"]}, "expected original and a variant, found no variant"),
        ({"anchored": ["mirror"]}, "expected original in anchored, found no row"),
        ({**JOINT, "more": ["invert"]}, "expected original in more, found no row"),
    ],
)
def test_a_model_without_original_or_variant_is_refused(table, models, told):
    with pytest.raises(MwmError, match=told):
        read_elements(table(models))
