"""The report as files: drawn in memory first, so that an error leaves none of them behind."""

from pathlib import Path

from mwm.io.files import replacing, write_json, write_text
from mwm.io.film import read_films
from mwm.io.origin import read_origin
from mwm.io.records import MANIFEST
from mwm.reporting.figures.alignment import alignment_figure
from mwm.reporting.figures.animation import DECODED, DREAMT, play_animation
from mwm.reporting.figures.curves import curves_figure
from mwm.reporting.figures.dreams import dreams_figure, read_dreams
from mwm.reporting.figures.elements import elements_figure, read_elements
from mwm.reporting.figures.field import field_figure, read_field
from mwm.reporting.figures.pictures import drawn_at, strip_figure, worlds_figure
from mwm.reporting.figures.play import dream_of, play_of
from mwm.reporting.figures.style import DARK, LIGHT, Theme, themed
from mwm.reporting.run.about import about
from mwm.reporting.run.foreign import read_foreign
from mwm.reporting.run.mirror_test import read_mirror_test
from mwm.reporting.run.page import page
from mwm.reporting.run.summary import summarise
from mwm.reporting.shared.pages import Figure, kind
from mwm.reporting.shared.results import read_curves, read_pairs
from mwm.settings.report import Report

FRAME_SKIP = 4  # where the data do not tell: Pong's default


def report(evaluation: Path, folder: Path, metrics: Path, settings: Report) -> None:
    """Write index.html and the figures to `folder`, and the summary to `metrics`.

    Args:
        evaluation: folder with film.h5, pairs, foreign, field, curves, dreams, elements,
            mirror_test as CSV, and their manifest.
        folder: gets index.html, play.gif and dream.gif, and a PNG for each other figure.
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
    foreign = read_foreign(evaluation / "foreign.csv")
    field = read_field(evaluation / "field.csv")
    elements = read_elements(evaluation / "elements.csv")
    films = list(read_films(evaluation / "film.h5", pairs.models).values())
    play, dream = play_of(films), dream_of(films)
    origin, digest = read_origin(evaluation / MANIFEST)
    chosen = play.strip(settings, origin.objects)
    skip = int(origin.play.get("frame_skip", FRAME_SKIP))

    def draw(theme: Theme) -> dict[str, bytes]:
        with themed(theme):
            return {
                "worlds": worlds_figure(play, theme, settings.dpi),
                "strip": strip_figure(play, chosen, theme, settings.dpi),
                "play": play_animation(play, DECODED, theme, settings.dpi, skip),
                "dream": play_animation(dream, DREAMT, theme, settings.dpi, skip),
                "alignment": alignment_figure(pairs, theme, settings.dpi),
                "field": field_figure(field, theme, settings.dpi),
                "curves": curves_figure(curves, theme, settings.dpi),
                "elements": elements_figure(elements, theme, settings.dpi),
                "dreams": dreams_figure(dreams, theme, settings.dpi),
            }

    light, dark = draw(LIGHT), draw(DARK)
    figures = {n: Figure(light[n], dark[n], drawn_at(n, settings.dpi)) for n in light}
    told = about(origin, digest, pairs)
    roaming = next((words["object"] for words, _ in field), None)
    ruled = settings.strip_start is None
    text = page(pairs, foreign, told, figures, chosen, ruled, answers, dreams, len(dream), roaming)
    for name, image in light.items():
        with replacing(folder / f"{name}.{kind(image)}") as temporary:
            temporary.write_bytes(image)
    write_text(folder / "index.html", text)
    write_json(metrics, summarise(pairs, foreign))
