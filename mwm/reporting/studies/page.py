"""index.html of the studies: rates by method and variant, models of all worlds, curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from mwm.reporting.shared.pages import Figure, render
from mwm.reporting.studies import tables
from mwm.reporting.studies.methods import INPUTS, method_name
from mwm.reporting.studies.tables import Rows, grouped

TEMPLATE = Path(__file__).with_name("page.html")


def page(
    games: Sequence[str],
    variants: Rows,
    models: Rows,
    objects: Sequence[str],
    curves: Mapping[str, Figure],
) -> str:
    """The whole page, with its figures inside.

    Args:
        games: that were played.
        variants: rows of `variant_rows`, of all studies.
        models: rows of `model_row`.
        objects: those that have an F1.
        curves: the figure of each method's curves.
    """
    inputs = list(dict.fromkeys(row["inputs"] for row in variants))
    return render(
        TEMPLATE,
        title=f"Shared dynamics with {' and '.join(inputs)} inputs: rates",
        games=games,
        inputs=[INPUTS[name] for name in inputs],
        headline=_headline(variants, models),
        objects=objects,
        names={method: method_name(method) for method in curves},
        variants=tables.variants_table(variants, objects),
        read=tables.readings_table(variants, objects),
        models=tables.models_table(models, objects) if models else None,
        worlds=models[0]["worlds"] if models else 0,
        curves=curves,
    )


def _headline(variants: Rows, models: Rows) -> Markup:
    """Successes by method, plainly."""
    parts = [
        Markup("{} of {} by <i>{}</i>").format(
            sum(row["success"] for row in rows), len(rows), method_name(method)
        )
        for method, rows in grouped(variants, "method").items()
    ]
    told = Markup("The criterion is met in {} (variants times seeds)").format(
        Markup(", ").join(parts)
    )
    if models:
        met, pairs = (sum(row[column] for row in models) for column in ("successes", "pairs"))
        told += f", and by {met} of {pairs} ordered pairs in models of all worlds"
    return told + "."
