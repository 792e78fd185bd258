"""control.html: what one policy scores in every world."""

from collections.abc import Mapping
from pathlib import Path

from mwm.reporting.control.results import Result, Results
from mwm.reporting.shared.pages import Body, Figure, Line, Table, render
from mwm.reporting.shared.words import UNKNOWN, rounded_down
from mwm.settings.base import ORIGINAL

TEMPLATE = Path(__file__).with_name("page.html")


def page(
    results: Results,
    figures: Mapping[str, Figure],
    steps: int,
    inputs: str,
    opponent: str,
    note: str | None,
) -> str:
    """The whole page, with its figures inside.

    Args:
        results: all scores.
        figures: scores, learning and playing.
        steps: of the game from which the policy learned.
        inputs: by which the other worlds' Vs learned: corresponding or independent.
        opponent: what the player sees of its bat, as params `control.opponent`.
        note: what else there is to say of how its models learned.
    """
    lowest = min(results.recruited().values(), key=results.share, default=None)
    return render(
        TEMPLATE,
        title="Learned in one world, played in all",
        results=results,
        home=results.home,
        aligned=_aligned(results.own.world),
        lowest=lowest,
        percent=lambda result: told(results, result),
        drawn=figures,
        steps=f"{steps / 1e6:.1f} million" if steps >= 1e5 else f"{steps:,}",
        table_of=table(results),
        objects=list(results.own.f1),
        inputs=inputs,
        opponent=opponent,
        note=note,
    )


def told(results: Results, result: Result) -> str:
    """A share in percent with its margin; a dash where the player is no better than chance."""
    if not results.learned:
        return UNKNOWN
    kept = rounded_down(100 * results.share(result), 0)
    return f"{kept} ± {100 * results.share_margin(result):.0f}%"


def table(results: Results) -> Table:
    """A row per V, under the world in which it was played."""
    objects, home = list(results.own.f1), results.home
    first = [_line(results, each) for each in (results.own, results.random)]
    bodies = [Body(first, results.own.world)]
    for world in results.worlds:
        lines = [_line(results, each) for each in results.away if each.world == world]
        bodies.append(Body(lines, world))
    groups = [("", ["V"]), ("points a game", ["games", "score", f"of {home}'s"])]
    return Table([*groups, (f"F1 of what {home} draws of its codes", objects)], bodies)


def _aligned(home: str) -> str:
    """How other worlds' Vs and that of the player's world came to agree."""
    if home == ORIGINAL:
        return "aligned with the original's,"
    return f"which like {home}'s was aligned with the original's, or is the original's,"


def _line(results: Results, each: Result) -> Line:
    visions = {
        "own": f"{results.home}'s own V, with which it learned",
        "random": "none: it acts at random",
        "recruited": "recruited: aligned with the original",
        "alone": "trained alone",
        f"{results.own.world}'s": f"{results.home}'s, on frames of another world",
    }
    if each.world == ORIGINAL:  # a player of another world's, which was aligned with it
        visions["recruited"] = "the original's own, with which all others were aligned"
    name = visions.get(each.vision, f"trained alone, mapped linearly by {each.vision}")
    f1 = [UNKNOWN if value is None else rounded_down(value, 2) for value in each.f1.values()]
    score = f"{each.score:.1f} ± {each.margin:.1f}".replace("-", "−")
    return Line(name, [f"{each.games}", score, told(results, each), *f1])
