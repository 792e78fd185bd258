"""Figures: films at the speed of the game, sheets of one size, and cells where they belong."""

import io
import shutil

import numpy as np
import pytest
from evaluations import write_report
from matplotlib.colors import to_rgb
from PIL import Image
from reports import DRAWING, THREE, Page, leave_out

from mwm.io.film import read_films
from mwm.reporting.control.figures import _mean_of_last
from mwm.reporting.figures.alignment import alignment_figure
from mwm.reporting.figures.animation import DECODED, play_animation
from mwm.reporting.figures.play import play_of
from mwm.reporting.figures.style import LIGHT, themed
from mwm.reporting.shared.results import read_pairs

SHEETS = ("One frame ", "Successive", "The same e", "A dream in")  # as their alternatives begin


@pytest.mark.parametrize(("frame_skip", "milliseconds"), [(4, 70), (8, 130), (1, 20)])
def test_a_film_is_as_fast_as_its_game(three, frame_skip, milliseconds):
    """Films of every game had the speed of one whose steps are four emulated frames."""
    films = list(read_films(three / "film.h5", ["anchored"]).values())
    with (
        themed(LIGHT),
        Image.open(
            io.BytesIO(play_animation(play_of(films), DECODED, LIGHT, 55, frame_skip))
        ) as gif,
    ):
        assert gif.info["duration"] == milliseconds


def widths(folder):
    """The widths of a report's figures, by how their alternatives begin."""
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    return {a["alt"][:10]: int(a["width"]) for tag, a in page.tags if tag == "img"}


@pytest.mark.parametrize("dpi", [30, 80])
def test_a_sheet_is_as_wide_at_any_resolution(
    three, reported, settings, tmp_path, dpi, monkeypatch
):
    """Pixels of frames are whole, so that it is drawn at another resolution than asked for."""
    leave_out(monkeypatch, {*DRAWING} - {"play_animation", "strip_figure", "worlds_figure"})
    made = write_report(three, tmp_path, settings.model_copy(update={"dpi": dpi}))
    for name in SHEETS:
        assert widths(made)[name] == pytest.approx(widths(reported)[name], rel=0.01)


def test_each_pair_is_where_its_worlds_are_named(evaluated):
    """A matrix that is turned over would exchange what encodes and what decodes."""

    def lost(source: str, target: str) -> tuple[float, float]:
        """Where the cell of a pair without alignment is, as shares of the left half."""
        folder = evaluated(THREE, {(source, target): 0.0})
        with themed(LIGHT):
            drawn = alignment_figure(read_pairs(folder / "pairs.csv"), LIGHT, 110)
        shutil.rmtree(folder)
        with Image.open(io.BytesIO(drawn)) as image:
            picture = np.asarray(image.convert("RGB"))
        half = picture[:, : picture.shape[1] // 2]
        faint = np.round(255 * np.array(to_rgb(LIGHT.faint)))
        return tuple(np.argwhere((half == faint).all(2)).mean(0) / half.shape[:2])

    (high, right), (low, left) = lost("vswap", "mirror"), lost("mirror", "vswap")
    assert high < low
    assert left < right


def test_the_line_of_learning_is_the_mean_of_the_last_hundred_games():
    rows = [{"games": 900, "score": 0.0}, {"games": 10, "score": 10.0}]
    assert _mean_of_last(rows) == 1
    assert _mean_of_last([{"games": 100, "score": 0.0}, {"games": 50, "score": 10.0}]) == 5
    assert _mean_of_last([{"games": 20, "score": 3.0}]) == 3
