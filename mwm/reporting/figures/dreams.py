"""The chart of open-loop dreams: where objects are drawn, by the number of steps dreamt."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mwm.reporting.figures.style import Theme, blank, png
from mwm.reporting.shared.results import Numbers, Words, read_table

Dreams = Sequence[tuple[Words, Numbers]]
COLUMNS = 3  # side by side
MEASURES = {"found": "found\n(share of frames)", "distance": "median distance\n(pixels)"}
KINDS = {"same": "never away since", "anew": "away, and back", "all": "all frames"}
STYLES: dict[str, tuple[Literal["-", "--", ":"], str]] = {
    "": ("-", "dreamt"),
    "own_": ("--", "V's own, of the true frame"),
    "copy_": (":", "last frame copied"),
}


def read_dreams(path: Path | str) -> Dreams:
    """Read dreams.csv.

    Raises:
        MwmError: missing, no CSV, a column missing, or a word for a number.
    """
    words = ("model", "source", "target", "object", "kind")
    numbers = [f"{of}{measure}" for of in STYLES for measure in MEASURES]
    return read_table(path, words, ("step", "frames", *numbers))


def kinds_of(rows: Dreams) -> list[str]:
    """Those that were told apart, or all frames together where none was."""
    found = {words["kind"] for words, _ in rows}
    return [kind for kind in ("same", "anew") if kind in found] or ["all"]


def worst(dreams: Iterable[Mapping[str, float | None]]) -> tuple[float | None, float | None]:
    """The lowest share found of what V finds, and the greatest distance; None: never measured."""
    known = [each for each in dreams if each["found"] is not None]
    shares = [(each["found"] or 0.0) / own for each in known if (own := each["own_found"])]
    distances = [distance for each in known if (distance := each["distance"]) is not None]
    return min(shares, default=None), max(distances, default=None)


def dreams_figure(rows: Dreams, theme: Theme, dpi: int) -> bytes:
    """Share of frames in which the object is found above, median position error below.

    A column per object; without objects a sentence that says so.
    """
    objects = list(dict.fromkeys(words["object"] for words, _ in rows))
    columns, bands = min(COLUMNS, max(len(objects), 1)), -(-len(objects) // COLUMNS)
    figure = blank(8.5, 3.9 * bands + 0.7, dpi)
    if not objects:
        figure.text(0.02, 0.4, "No objects are listed for this game: dreams are not measured.")
        return png(figure)
    figure.set_layout_engine("constrained")
    panels = figure.subplots(2 * bands, columns, sharex=True, sharey="row", squeeze=False)
    colours = {"same": theme.own, "anew": theme.cross, "all": theme.ink}
    drawn: set[str] = set()
    for index in range(columns * bands):
        band, column = divmod(index, columns)
        pair = panels[2 * band : 2 * band + 2, column]
        if index >= len(objects):
            for panel in pair:
                panel.remove()
            continue
        of_object = [row for row in rows if row[0]["object"] == objects[index]]
        for kind in kinds_of(of_object):
            chosen = [row for row in of_object if row[0]["kind"] == kind]
            drawn.add(kind)
            for panel, measure in zip(pair, MEASURES, strict=True):
                _lines(panel, chosen, measure, colours[kind])
        pair[0].set_title(objects[index], loc="left")
        pair[1].set_xlabel("steps dreamt")
        pair[1].tick_params(labelbottom=True)
    for top, bottom in zip(panels[::2, 0], panels[1::2, 0], strict=True):
        top.set_ylim(0, 1.05)
        bottom.set_ylim(bottom=0)
        for panel, name in zip((top, bottom), MEASURES.values(), strict=True):
            panel.set_ylabel(name)
    handles = [
        Line2D([], [], color=colours[kind], label=name)
        for kind, name in KINDS.items()
        if kind in drawn
    ]
    handles += [
        Line2D([], [], color=theme.muted, linestyle=style, label=name)
        for style, name in STYLES.values()
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    return png(figure)


def _lines(panel: Axes, rows: Dreams, measure: str, colour: str) -> None:
    """The mean over ordered pairs of worlds; for dreams a band from the minimum to the maximum."""
    for of, (style, _) in STYLES.items():
        steps, values = _by_step(rows, f"{of}{measure}")
        if not steps and of == "own_":  # an object that no frame shows has no place
            panel.text(0.05, 0.5, "in no test frame", transform=panel.transAxes)
        width = 1.8 if not of else 1.1
        panel.plot(steps, [np.mean(v) for v in values], style, color=colour, linewidth=width)
        if not of:
            low, high = [min(v) for v in values], [max(v) for v in values]
            panel.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)


def _by_step(
    rows: Iterable[tuple[Words, Numbers]], key: str
) -> tuple[list[float], list[list[float]]]:
    """The steps, and at each the known numbers of a column."""
    found: dict[float, list[float]] = {}
    for _, numbers in rows:
        step, value = numbers["step"], numbers[key]
        if step is not None and value is not None:
            found.setdefault(step, []).append(value)
    return sorted(found), [found[step] for step in sorted(found)]
