"""The studies as files: tables for other programs, a page for readers."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mwm.io.files import replacing, write_text
from mwm.reporting.charts import curves_figure
from mwm.reporting.studies import Study, model_row, variant_rows
from mwm.reporting.studies_page import studies_page
from mwm.reporting.style import DARK, LIGHT, themed


def report_studies(studies: Sequence[Study], folder: Path, dpi: int) -> None:
    """Write <inputs>.csv, models.csv, index.html, and a PNG of curves for each method.

    Raises:
        MwmError: an input is damaged, or an output cannot be written.
    """
    variants = [row for study in studies for row in variant_rows(study)]
    models = [row for study in studies if (row := model_row(study))]
    methods = list(dict.fromkeys(study.method for study in studies))
    drawn = {method: _curves([s for s in studies if s.method == method], dpi) for method in methods}
    text = studies_page(variants, models, studies[0].pairs.objects, drawn)
    for inputs in dict.fromkeys(study.inputs for study in studies):
        write_rows(folder / f"{inputs}.csv", [row for row in variants if row["inputs"] == inputs])
    write_rows(folder / "models.csv", models)
    for method, (light, _) in drawn.items():
        with replacing(folder / f"{method}.png") as temporary:
            temporary.write_bytes(light)
    write_text(folder / "index.html", text)


def _curves(studies: Sequence[Study], dpi: int) -> tuple[bytes, bytes]:
    """Their curves together, on light and on dark paper."""
    rows = [row for study in studies for row in study.curves]
    drawn = []
    for theme in (LIGHT, DARK):
        with themed(theme):
            drawn.append(curves_figure(rows, theme, dpi))
    return drawn[0], drawn[1]


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of one table as CSV; truth is written in small letters."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {k: str(v).lower() if isinstance(v, bool) else v for k, v in row.items()} for row in rows
    )
    write_text(path, text.getvalue())
