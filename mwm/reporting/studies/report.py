"""The studies as files: tables for other programs, a page for readers."""

from collections.abc import Sequence
from pathlib import Path

from mwm.io.files import replacing, write_text
from mwm.io.tables import write_csv
from mwm.reporting.figures.curves import curves_figure
from mwm.reporting.figures.style import DARK, LIGHT, Theme, themed
from mwm.reporting.shared.pages import Figure
from mwm.reporting.studies.names import each_once, same_objects
from mwm.reporting.studies.page import page
from mwm.reporting.studies.study import Study, model_row, variant_rows


def report_studies(studies: Sequence[Study], folder: Path, dpi: int) -> None:
    """Write <inputs>.csv, models.csv, index.html, and a PNG of curves for each method.

    Studies of a method stand in the order of their seeds, however a shell sorts their folders.

    Raises:
        UsageError: two studies have folders of one name, or games with different objects.
        MwmError: an input is damaged, or an output cannot be written.
    """
    each_once([study.folder for study in studies])
    objects = same_objects([(study.folder, study.pairs.objects) for study in studies])
    studies = sorted(studies, key=lambda study: (study.method, study.seed))
    variants = [row for study in studies for row in variant_rows(study)]
    models = [row for study in studies if (row := model_row(study))]
    methods = list(dict.fromkeys(study.method for study in studies))
    drawn = {method: _curves([s for s in studies if s.method == method], dpi) for method in methods}
    games = list(dict.fromkeys(study.game for study in studies))
    text = page(games, variants, models, objects, drawn)
    for inputs in dict.fromkeys(study.inputs for study in studies):
        write_csv(folder / f"{inputs}.csv", [row for row in variants if row["inputs"] == inputs])
    write_csv(folder / "models.csv", models)
    for method, figure in drawn.items():
        with replacing(folder / f"{method}.png") as temporary:
            temporary.write_bytes(figure.light)
    write_text(folder / "index.html", text)


def _curves(studies: Sequence[Study], dpi: int) -> Figure:
    """Their curves together."""
    rows = [row for study in studies for row in study.curves]

    def draw(theme: Theme) -> bytes:
        with themed(theme):
            return curves_figure(rows, theme, dpi)

    return Figure(draw(LIGHT), draw(DARK), dpi)
