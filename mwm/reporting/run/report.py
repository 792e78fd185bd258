"""The report as files: drawn in memory first, so that an error leaves none of them behind."""

from pathlib import Path

from mwm.io.files import replacing, write_json, write_text
from mwm.io.film import read_films
from mwm.io.origin import read_origin
from mwm.io.records import MANIFEST
from mwm.reporting.figures.alignment import alignment_figure
from mwm.reporting.figures.animation import play_animation
from mwm.reporting.figures.curves import curves_figure
from mwm.reporting.figures.dreams import dreams_figure, read_dreams
from mwm.reporting.figures.elements import elements_figure, read_elements
from mwm.reporting.figures.pictures import strip_figure, worlds_figure
from mwm.reporting.figures.play import play_of
from mwm.reporting.figures.style import DARK, LIGHT, Theme, themed
from mwm.reporting.run.about import about
from mwm.reporting.run.mirror_test import read_mirror_test
from mwm.reporting.run.page import page
from mwm.reporting.run.summary import summarise
from mwm.reporting.shared.pages import Figure, kind
from mwm.reporting.shared.results import read_curves, read_pairs
from mwm.settings.report import Report


def report(evaluation: Path, folder: Path, metrics: Path, settings: Report) -> None:
    """Write index.html and the figures to `folder`, and the summary to `metrics`.

    Args:
        evaluation: folder with film.h5, pairs, curves, dreams, elements, mirror_test as CSV, and
            their manifest.
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
    answers = read_mirror_test(evaluation / "mirror_test.csv")
    elements = read_elements(evaluation / "elements.csv")
    play = play_of(read_films(evaluation / "film.h5", pairs.models).values())
    origin, digest = read_origin(evaluation / MANIFEST)
    chosen = play.strip(settings, origin.objects)

    def draw(theme: Theme) -> dict[str, bytes]:
        with themed(theme):
            return {
                "worlds": worlds_figure(play, theme, settings.dpi),
                "strip": strip_figure(play, chosen, theme, settings.dpi),
                "play": play_animation(play, theme, settings.dpi),
                "alignment": alignment_figure(pairs, theme, settings.dpi),
                "curves": curves_figure(curves, theme, settings.dpi),
                "elements": elements_figure(elements, theme, settings.dpi),
                "dreams": dreams_figure(dreams, theme, settings.dpi),
            }

    light, dark = draw(LIGHT), draw(DARK)
    figures = {name: Figure(light[name], dark[name], settings.dpi) for name in light}
    text = page(
        pairs, about(origin, digest, pairs), figures, chosen, settings.strip_start is None, answers
    )
    for name, image in light.items():
        with replacing(folder / f"{name}.{kind(image)}") as temporary:
            temporary.write_bytes(image)
    write_text(folder / "index.html", text)
    write_json(metrics, summarise(pairs))
