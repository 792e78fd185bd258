"""The maps of the field show each cell where it is, in the colour of its F1."""

import io

import numpy as np
import pytest
from forgery import rewrite
from matplotlib.colors import to_rgb
from PIL import Image

from mwm import MwmError
from mwm.reporting.figures.field import FEWEST, field_figure, read_field
from mwm.reporting.figures.style import DARK, LIGHT, themed


def cell(row, column, f1, frames=FEWEST, plays="random", world="original", model="anchored"):
    words = {"model": model, "plays": plays, "world": world, "object": "ball"}
    return words, {"row": row, "column": column, "frames": frames, "f1": f1}


def drawn(rows, theme=LIGHT):
    with themed(theme), Image.open(io.BytesIO(field_figure(rows, theme, 110))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def places(picture, colour):
    """(n, 2): rows and columns of the pixels of a colour, as shares of the picture."""
    wanted = np.round(np.array(to_rgb(colour)) * 255)
    return np.argwhere((abs(picture - wanted) <= 1).all(2)) / picture.shape[:2]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_each_cell_is_where_it_belongs_in_the_colour_of_its_f1(theme):
    rows = [cell(1, 6, 1.0), cell(6, 1, 0.3), cell(6, 6, 0.3, frames=FEWEST - 1)]
    picture = drawn(rows, theme)
    good, lost, unknown = (places(picture, c) for c in (theme.own, theme.cross, theme.rule))
    top, right = good.mean(0)
    bottom, left = lost.mean(0)
    assert top < 0.5 < bottom
    assert left < 0.5 < right
    assert len(good) == pytest.approx(len(lost), rel=0.2)
    assert len(unknown) > 50 * len(good), "62 cells of 64"


def test_random_and_foreign_plays_are_side_by_side():
    picture = drawn([cell(3, 3, 1.0), cell(3, 3, 0.3, plays="foreign")])
    assert places(picture, LIGHT.own)[:, 1].max() < 0.5 < places(picture, LIGHT.cross)[:, 1].min()


def test_the_original_alone_is_shown_at_its_worst_over_models():
    rows = [cell(3, 3, 0.3, model="one"), cell(3, 3, 1.0, model="other")]
    assert np.array_equal(drawn(rows), drawn(rows[:1]))
    assert np.array_equal(drawn([*rows, cell(5, 5, 1.0, world="mirror")]), drawn(rows))


def test_no_object_and_cells_beyond_the_frame_leave_a_picture():
    assert len(places(drawn([]), LIGHT.ink)) > 0
    assert (
        len(places(drawn([cell(8, 0, 1.0), cell(0, -1, 1.0), cell(1e9, 0.5, 1)]), LIGHT.own)) == 0
    )


def test_a_damaged_table_is_told(tmp_path):
    rewrite(
        tmp_path / "field.csv", "model,plays,world,object,row,column,frames,f1\na,b,c,d,x,1,1,1\n"
    )
    with pytest.raises(MwmError, match=r"field\.csv:2: row: expected a number, found 'x'"):
        read_field(tmp_path / "field.csv")
