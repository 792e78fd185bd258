"""Frames as pictures: one frame in all worlds, and successive frames above their decodings."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb

from mwm.io.frames import SIDE
from mwm.reporting.figures.choosing import Pictures
from mwm.reporting.figures.play import Play
from mwm.reporting.figures.style import Theme, blank, label, png

# Lengths below are in pixels of a sheet at 110 dpi, on which a frame's pixel is 2 x 2.
FRAME = 2 * SIDE
BASE_DPI = 55
EDGE = 4  # around the whole
SHEETS = ("worlds", "strip", "play", "dream", "playing")  # figures that are sheets
LETTER = 9  # width of a letter, on average


def sheet_dpi(dpi: int) -> int:
    """The resolution of a sheet where `dpi` is asked for, since pixels of frames are whole."""
    return BASE_DPI * max(1, round(dpi / BASE_DPI))


def drawn_at(name: str, dpi: int) -> int:
    """The resolution of a report's figure of this name, where `dpi` is asked for."""
    return sheet_dpi(dpi) if name in SHEETS else dpi


class Sheet:
    """A figure on which every pixel of a frame has the same whole number of pixels."""

    def __init__(self, width: int, height: int, theme: Theme, dpi: int) -> None:
        dpi = sheet_dpi(dpi)
        self._scale = dpi // BASE_DPI
        self._theme = theme
        self._width, self._height = width, height
        self._figure = blank(width / (2 * BASE_DPI), height / (2 * BASE_DPI), dpi)
        shape = (self._length(height), self._length(width), 3)
        self._canvas = np.full(shape, _bytes(theme.paper))

    def _length(self, units: int) -> int:
        return units * self._scale // 2

    def picture(self, frame: Pictures, left: int, top: int) -> None:
        """Draw a frame, (64, 64) uint8, with a thin border."""
        x, y, side = self._length(left), self._length(top), SIDE * self._scale
        self._canvas[y - 1 : y + side + 1, x - 1 : x + side + 1] = _bytes(self._theme.rule)
        for channel in range(3):
            self.paste(self._canvas[:, :, channel], frame, left, top)

    def paste(self, channel: Pictures, frame: Pictures, left: int, top: int) -> None:
        """Copy a frame, (64, 64) uint8, into one channel of a picture of this sheet."""
        x, y, side = self._length(left), self._length(top), SIDE * self._scale
        shades = 12 + frame.astype(np.uint16) * 236 // 255
        channel[y : y + side, x : x + side] = np.kron(
            shades.astype(np.uint8), np.ones((self._scale, self._scale), np.uint8)
        )

    def text(self, words: str, x: int, y: int, muted: bool = False, align: str = "center") -> None:
        """Write `words` with their middle, or their `left` end, at x and their baseline at y."""
        self._figure.text(
            x / self._width,
            1 - y / self._height,
            words,
            color=self._theme.muted if muted else self._theme.ink,
            fontsize=8 if muted else 10,
            horizontalalignment=align,
        )

    def png(self) -> bytes:
        """The sheet as PNG."""
        self._figure.figimage(self._canvas)
        return png(self._figure)


def _bytes(colour: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.array([round(255 * part) for part in to_rgb(colour)], np.uint8)


def worlds_figure(play: Play, theme: Theme, dpi: int) -> bytes:
    """The fullest frame in every world, six in a row."""
    across, gap, head = 6, 60, 34
    pitch = gap + max(FRAME, *(LETTER * len(world) for world in play.truth))
    columns, rows = min(across, len(play.truth)), -(-len(play.truth) // across)
    sheet = Sheet(columns * pitch - gap + 2 * EDGE, rows * (head + FRAME) + EDGE, theme, dpi)
    moment = play.fullest()
    for index, (world, truth) in enumerate(play.truth.items()):
        row, column = divmod(index, across)
        left, top = EDGE + column * pitch, head + row * (head + FRAME)
        sheet.picture(truth[moment], left, top)
        sheet.text(label(world), left, top - 10, align="left")
    return sheet.png()


def strip_figure(play: Play, chosen: Sequence[int], theme: Theme, dpi: int) -> bytes:
    """Successive frames: each world's own above what its V decodes from the original's latents."""
    gap, between, head = 4, 20, 34
    margin = 28 + max(96, *(LETTER * len(world) for world in play.truth))
    block = FRAME + gap + FRAME + between
    width = margin + len(chosen) * (FRAME + gap)
    sheet = Sheet(width, head + len(play.truth) * block, theme, dpi)
    for column, moment in enumerate(chosen):
        left, since = margin + column * (FRAME + gap), moment - chosen[0]
        words = f"+{since} steps" if since else "start"
        sheet.text(words, left + FRAME // 2, head - 12, muted=True)
        for row, world in enumerate(play.truth):
            top = head + row * block
            sheet.picture(play.truth[world][moment], left, top)
            sheet.picture(play.decoded[world][moment], left, top + FRAME + gap)
    for row, world in enumerate(play.truth):
        top = head + row * block
        sheet.text(label(world), EDGE, top + FRAME // 2, align="left")
        sheet.text("the world's frame", EDGE, top + FRAME // 2 + 18, muted=True, align="left")
        sheet.text("decoded from", EDGE, top + FRAME * 3 // 2, muted=True, align="left")
        sheet.text("original's z", EDGE, top + FRAME * 3 // 2 + 16, muted=True, align="left")
    return sheet.png()
