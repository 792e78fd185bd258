"""The animations: every world's frames above what its V decodes, of a play or of a dream."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from mwm.reporting.figures.pictures import EDGE, FRAME, LETTER, Sheet
from mwm.reporting.figures.play import Play
from mwm.reporting.figures.style import Theme, label

DECODED = ("decoded from", "original's z")
DREAMT = ("dreamt by M,", "drawn by its V")
MILLISECONDS = 70  # a step of four emulated frames lasts 67; GIF counts in tens


def play_animation(play: Play, below: Sequence[str], theme: Theme, dpi: int) -> bytes:
    """All frames as GIF, at the speed of the game; `below` are lines beside what is decoded."""
    gap, head, margin = 20, 34, 120
    pitch = gap + max(FRAME, *(LETTER * len(world) for world in play.truth))
    tops = (head, head + FRAME + gap)
    width = margin + len(play.truth) * pitch - gap + EDGE
    sheet = Sheet(width, tops[1] + FRAME + EDGE, theme, dpi)
    places = {world: margin + column * pitch for column, world in enumerate(play.truth)}

    for world, left in places.items():
        sheet.text(label(world), left, head - 10, align="left")
        for top in tops:
            sheet.picture(play.truth[world][0], left, top)
    sheet.text("the world's frame", EDGE, tops[0] + FRAME // 2, muted=True, align="left")
    for line, words in enumerate(below):
        height = tops[1] + FRAME // 2 + 16 * line
        sheet.text(words, EDGE, height, muted=True, align="left")
    still = np.asarray(Image.open(io.BytesIO(sheet.png())).convert("L"))

    moments = []
    for moment in range(len(play)):
        canvas = still.copy()
        for world, left in places.items():
            for top, pictures in zip(tops, (play.truth, play.decoded), strict=True):
                sheet.paste(canvas, pictures[world][moment], left, top)
        moments.append(Image.fromarray(canvas))
    gif = io.BytesIO()
    moments[0].save(
        gif, "GIF", save_all=True, append_images=moments[1:], duration=MILLISECONDS, loop=0
    )
    return gif.getvalue()
