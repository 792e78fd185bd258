"""index.html: one file that tells what was found, in words, tables and figures."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

from mwm.reporting import captions, tables
from mwm.reporting.markup import label, pair, share
from mwm.reporting.mirror_test import Marks, mirror_table
from mwm.reporting.results import Pairs
from mwm.reporting.summary import ALIGNED, aligned

TEMPLATE = Path(__file__).with_name("page.html")

Drawn = Mapping[str, tuple[bytes, bytes]]  # figure: PNG or GIF for light and for dark paper


def kind(image: bytes) -> str:
    """What an image is: "gif" or "png"."""
    return "gif" if image.startswith(b"GIF8") else "png"


def page(pairs: Pairs, drawn: Drawn, chosen: Sequence[int], marks: Marks) -> str:
    """The whole page, with its figures inside; `chosen` are the film's frames in the strip."""
    words = captions.captions(pairs, chosen)
    figures = {name: _figure(*drawn[name], *words[name]) for name in drawn}
    objects = mirror_test = ""
    if pairs.objects:
        objects = _section("Objects", captions.OBJECTS, tables.objects(pairs))
    if marks:
        mirror_test = _section("The mirror test", captions.MIRROR_TEST, mirror_table(marks))
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        figures,
        title=f"One dynamics, {len(pairs.worlds)} worlds",
        frames=f"{pairs.rows[0]['frames'] or 0:,.0f}",
        headline=_headline(pairs),
        key_figures=_key_figures(pairs),
        criterion=captions.criterion(pairs.objects),
        verdicts=tables.verdicts(pairs),
        all_pairs=tables.all_pairs(pairs),
        errors=tables.errors(pairs),
        objects=objects,
        mirror_test=mirror_test,
    )


def _section(title: str, words: str, table: str) -> str:
    return f"<section><h2>{title}</h2><p>{words}</p>{table}</section>"


def _headline(pairs: Pairs) -> str:
    """Success or failure, plainly."""
    failed = [there.target for there, _ in pairs.runs if there["success"] != 1]
    count = len(pairs.runs)
    if not failed:
        return f"Every variant ({count} of {count}) meets the criterion of success."
    if len(failed) == count:
        return f"No variant (0 of {count}) meets the criterion of success."
    names = ", ".join(label(world) for world in failed)
    return f"{count - len(failed)} of {count} variants meet the criterion of success; not {names}."


def _key_figures(pairs: Pairs) -> str:
    crossed = pairs.crossed
    successes = sum(there["success"] == 1 for there, _ in pairs.runs)
    told = [
        ("variants that meet the criterion", f"{successes}<small> of {len(pairs.runs)}</small>"),
        (
            f"ordered pairs that align (≥ {ALIGNED})",
            f"{sum(map(aligned, crossed))}<small> of {len(crossed)}</small>",
        ),
    ]
    for column in ("alignment", "predicted_alignment"):
        measured = [row for row in crossed if row[column] is not None]
        worst = min(measured, key=lambda row: row[column] or 0.0, default=None)
        value = "–" if worst is None else f"{share(worst[column])}<small> {pair(worst)}</small>"
        told.append((f"lowest {column.replace('_', ' ')}", value))
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in told)


def _figure(light: bytes, dark: bytes, alternative: str, caption: str) -> str:
    """A figure on paper of the reader's colour, with what to see in it."""
    on_light, on_dark = (
        f"data:image/{kind(image)};base64,{base64.b64encode(image).decode()}"
        for image in (light, dark)
    )
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{on_dark}">'
        f'<img src="{on_light}" alt="{escape(alternative)}"></picture>'
        f"<figcaption>{caption}</figcaption></figure>"
    )
