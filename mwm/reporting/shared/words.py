"""Numbers and worlds as the pages and figures write them."""

import math

from markupsafe import Markup, escape

from mwm.reporting.shared.results import Row

SYMBOLS = {
    "original": "o",
    "transpose": "t",
    "hswap": "h",
    "vswap": "v",
    "invert": "c",
    "mirror": "m",
}  # the paper's indices of Γ
UNKNOWN = "–"  # where there is no number


def symbol(world: str) -> Markup:
    """Γ with the world's index as HTML; its name where the paper has no symbol."""
    return Markup(f"Γ<sub>{SYMBOLS[world]}</sub>") if world in SYMBOLS else escape(world)


def label(world: str) -> Markup:
    """A world's symbol and name as HTML."""
    return symbol(world) + f" {world}" if world in SYMBOLS else escape(world)


def pair(row: Row) -> Markup:
    """The pair of worlds of a row as HTML: "Γo → Γm"."""
    return symbol(row.source) + " → " + symbol(row.target)


def policy(hold: float, repeat_probability: float) -> str:
    """The policy that played the episodes, by two of the params `collect`."""
    held = f", held {hold} steps" if hold > 1 else ""
    sticky = f", repeated with probability {repeat_probability:g}" if repeat_probability else ""
    return f"random{held}{sticky}"


def beside(value: str, other: str) -> Markup:
    """A number as HTML, and a second one in small print."""
    return Markup("{}<small> / {}</small>").format(value, other)


def share(value: float | None) -> str:
    """An alignment or an F1, rounded down so that no threshold seems reached that is not."""
    return UNKNOWN if value is None else rounded_down(value, 3)


def pixels(value: float | None) -> str:
    """A squared error or a distance."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def percent(value: float | None) -> str:
    """A share of frames."""
    return UNKNOWN if value is None else f"{100 * value:.0f}%"


def rounded_down(value: float, places: int) -> str:
    """A number that never looks as if it reached a threshold that it does not reach."""
    scale = 10**places
    steps = math.floor(value * scale + 1e-6)  # 0.29 is 0.28999... in binary
    return f"{steps / scale:.{places}f}".replace("-", "−")
