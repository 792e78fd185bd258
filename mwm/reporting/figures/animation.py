"""The animations: every world's frames above what its V decodes, of a play or of a dream."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from mwm.reporting.figures.choosing import Pictures
from mwm.reporting.figures.pictures import EDGE, FRAME, LETTER, Sheet
from mwm.reporting.figures.play import Play
from mwm.reporting.figures.style import Theme, label

DECODED = ("decoded from", "original's z")
DREAMT = ("dreamt by M,", "drawn by its V")
TRUTH = ("the world's frame",)
EMULATED = 60  # frames a second

Rows = Sequence[tuple[Sequence[str], Mapping[str, Pictures]]]  # lines beside it, films by world


def play_animation(
    play: Play, below: Sequence[str], theme: Theme, dpi: int, frame_skip: int
) -> bytes:
    """All frames of a play, above what is decoded; `below` are lines beside that."""
    return animation([(TRUTH, play.truth), (below, play.decoded)], theme, dpi, frame_skip)


def animation(rows: Rows, theme: Theme, dpi: int, frame_skip: int) -> bytes:
    """Films of all worlds, side by side, as GIF at the speed of the game; as long as the shortest.

    Args:
        rows: one below the other, of the same worlds.
        theme: of the colours.
        dpi: resolution.
        frame_skip: emulated frames per step.
    """
    gap, head, margin = 20, 34, 120
    worlds = list(rows[0][1])
    pitch = gap + max(FRAME, *(LETTER * len(world) for world in worlds))
    tops = [head + row * (FRAME + gap) for row in range(len(rows))]
    width = margin + len(worlds) * pitch - gap + EDGE
    sheet = Sheet(width, tops[-1] + FRAME + EDGE, theme, dpi)
    places = {world: margin + column * pitch for column, world in enumerate(worlds)}

    for world, left in places.items():
        sheet.text(label(world), left, head - 10, align="left")
        for top, (_, films) in zip(tops, rows, strict=True):
            sheet.picture(films[world][0], left, top)
    for top, (lines, _) in zip(tops, rows, strict=True):
        for line, words in enumerate(lines):
            sheet.text(words, EDGE, top + FRAME // 2 + 16 * line, muted=True, align="left")
    still = np.asarray(Image.open(io.BytesIO(sheet.png())).convert("L"))

    moments = []
    for moment in range(min(len(film) for _, films in rows for film in films.values())):
        canvas = still.copy()
        for world, left in places.items():
            for top, (_, films) in zip(tops, rows, strict=True):
                sheet.paste(canvas, films[world][moment], left, top)
        moments.append(Image.fromarray(canvas))
    gif = io.BytesIO()
    # In tens of milliseconds, as GIF has it; browsers slow down what is faster than 20.
    duration = 10 * max(2, round(100 * frame_skip / EMULATED))
    moments[0].save(gif, "GIF", save_all=True, append_images=moments[1:], duration=duration, loop=0)
    return gif.getvalue()
