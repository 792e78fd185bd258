"""Dreams as a table: how well objects are drawn after some steps, in the worst pair of worlds."""

from collections.abc import Sequence

from mwm.reporting.figures.dreams import KINDS, Dreams, kinds_of, worst
from mwm.reporting.shared.pages import Body, Line, Table
from mwm.reporting.shared.results import Numbers
from mwm.reporting.shared.words import UNKNOWN, beside, pixels, share

STEPS = (1, 5, 10, 15, 25, 50, 100)


def dreams_table(rows: Dreams) -> Table:
    """A line per object and kind of frames: the lowest share found of what V finds, and distance.

    The share and the distance may be those of two different pairs: each is the worst.
    """
    steps = [k for k in STEPS if any(numbers["step"] == k for _, numbers in rows)]
    lines = []
    for name in dict.fromkeys(words["object"] for words, _ in rows):
        of_object = [row for row in rows if row[0]["object"] == name]
        for kind in kinds_of(of_object):
            of_kind = [numbers for words, numbers in of_object if words["kind"] == kind]
            cells = [_cell([n for n in of_kind if n["step"] == step]) for step in steps]
            lines.append(Line(name, cells, KINDS[kind]))
    heads = [f"{step}" for step in steps]
    return Table([("", ["object", "frames"]), ("steps dreamt", heads)], [Body(lines)])


def _cell(dreams: Sequence[Numbers]) -> str:
    if all(each["found"] is None for each in dreams):
        return UNKNOWN
    found, distance = worst(dreams)
    # A ratio of shares with six digits: of 6 in 20 it may be less than 0.3, and is rounded down.
    return beside(share(None if found is None else round(found, 5)), pixels(distance))
