"""The report as files: drawn in memory first, so that a fault leaves nothing half-written."""

from pathlib import Path

from mwm.io.files import replacing, write_json, write_text
from mwm.reporting.animation import play_animation
from mwm.reporting.charts import alignment_figure, curves_figure
from mwm.reporting.dreams import dreams_figure, read_dreams
from mwm.reporting.elements import elements_figure, read_elements
from mwm.reporting.film import read_film
from mwm.reporting.markup import kind
from mwm.reporting.mirror_test import read_marks
from mwm.reporting.page import page
from mwm.reporting.pictures import strip_figure, worlds_figure
from mwm.reporting.results import read_curves, read_pairs
from mwm.reporting.style import DARK, LIGHT, Theme, themed
from mwm.reporting.summary import summarise
from mwm.settings.report import Report


def report(evaluation: Path, folder: Path, metrics: Path, settings: Report) -> None:
    """Write index.html and the figures to `folder`, and the summary to `metrics`.

    Args:
        evaluation: folder with film.h5, and pairs, curves, dreams, elements, mirror_test as CSV.
        folder: gets index.html, play.gif, and a PNG for each other figure.
        metrics: JSON file, flat, at most 15 numbers.
        settings: params `report`.

    Raises:
        MwmError: an input is missing or damaged, or an output cannot be written.
        UsageError: the strip runs past the film's end.
    """
    pairs = read_pairs(evaluation / "pairs.csv")
    curves = read_curves(evaluation / "curves.csv")
    dreams = read_dreams(evaluation / "dreams.csv")
    marks = read_marks(evaluation / "mirror_test.csv")
    elements = read_elements(evaluation / "elements.csv")
    film = read_film(evaluation / "film.h5", pairs.models)
    chosen = film.strip(settings)

    def draw(theme: Theme) -> dict[str, bytes]:
        with themed(theme):
            return {
                "worlds": worlds_figure(film, theme, settings.dpi),
                "strip": strip_figure(film, chosen, theme, settings.dpi),
                "play": play_animation(film, theme, settings.dpi),
                "alignment": alignment_figure(pairs, theme, settings.dpi),
                "curves": curves_figure(curves, theme, settings.dpi),
                "elements": elements_figure(elements, theme, settings.dpi),
                "dreams": dreams_figure(dreams, theme, settings.dpi),
            }

    light, dark = draw(LIGHT), draw(DARK)
    text = page(pairs, {name: (light[name], dark[name]) for name in light}, chosen, marks)
    for name, image in light.items():
        with replacing(folder / f"{name}.{kind(image)}") as temporary:
            temporary.write_bytes(image)
    write_text(folder / "index.html", text)
    write_json(metrics, summarise(pairs))
