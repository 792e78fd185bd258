"""What a player scores: in every world, and while it learned."""

from collections.abc import Mapping, Sequence

import numpy as np

from mwm.reporting.control.results import RECRUITED, Results
from mwm.reporting.figures.style import Theme, blank, label, png

LAST = 100  # games over which the curve is a mean


def scores_figure(results: Results, theme: Theme, dpi: int) -> bytes:
    """A row per world, a mark per V; what has a pair of frames is hollow."""
    worlds = results.worlds
    visions = list(dict.fromkeys(each.vision for each in results.away))
    figure = blank(8.5, 0.62 * max(len(worlds), 1) + 1.3, dpi)
    figure.set_layout_engine("constrained")
    panel = figure.subplots()
    for line, style in ((results.own, "-"), (results.random, ":")):
        panel.axvline(line.score, color=theme.muted, linestyle=style, linewidth=1.2)
    marks = "osD^v<>"
    for place, vision in enumerate(visions):
        chosen = [each for each in results.away if each.vision == vision]
        offset = 0.3 * (place / max(len(visions) - 1, 1) - 0.5)
        paired = vision.endswith("pairs")
        panel.errorbar(
            [each.score for each in chosen],
            [worlds.index(each.world) + offset for each in chosen],
            xerr=[each.margin for each in chosen],
            fmt=marks[place % len(marks)],
            color=theme.own if vision == RECRUITED else theme.cross,
            markerfacecolor=theme.paper if paired else None,
            markersize=7 if vision == RECRUITED else 5,
            label=f"alone, {vision}" if paired else vision,
        )
    panel.set_yticks(range(len(worlds)), [label(world) for world in worlds])
    panel.set_ylim(len(worlds) - 0.5, -0.5)
    panel.set_xlabel("points a game")
    if visions:
        figure.legend(loc="outside upper left", ncols=len(visions), columnspacing=1.2)
    return png(figure)


def learning_figure(rows: Sequence[Mapping[str, float]], theme: Theme, dpi: int) -> bytes:
    """The mean of the last games that ended, over steps; `rows` have steps, score and games."""
    figure = blank(8.5, 3.2, dpi)
    figure.set_layout_engine("constrained")
    panel = figure.subplots()
    if rows:
        steps = np.array([row["steps"] for row in rows]) / 1e6
        means = [_mean_of_last(rows[: upto + 1]) for upto in range(len(rows))]
        panel.plot(steps, [row["score"] for row in rows], color=theme.rule, linewidth=0.8)
        panel.plot(steps, means, color=theme.own)
    panel.set_xlabel("million steps")
    panel.set_ylabel("points a game")
    return png(figure)


def _mean_of_last(rows: Sequence[Mapping[str, float]]) -> float:
    """The mean over the last games, of rows that are means of `games` each."""
    games, points = 0.0, 0.0
    for row in reversed(rows):
        taken = min(row["games"], LAST - games)
        games, points = games + taken, points + taken * row["score"]
        if games >= LAST:
            break
    return points / games
