"""One play as every world shows and decodes it, and the choice of its frames for the pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.film import Film
from mwm.io.frames import SIDE
from mwm.reporting.figures.choosing import Pictures, liveliest
from mwm.settings.base import ORIGINAL
from mwm.settings.report import Report


@dataclass(frozen=True)
class Play:
    """Per world, (frames, 64, 64) uint8 from 0 (off) to 255 (on).

    Attributes:
        truth: what the world shows.
        decoded: what the world's V decodes from the original's latents, or from its own dream.
        hits: (frames,) uint8, above 0 where the agent hits.
    """

    truth: Mapping[str, Pictures]
    decoded: Mapping[str, Pictures]
    hits: NDArray[np.uint8]

    def __len__(self) -> int:
        return min(map(len, self.truth.values()))

    def fullest(self) -> int:
        """The first frame of the original in which most pixels are on: all objects are visible."""
        original = self.truth[ORIGINAL][: len(self)]
        return int(original.sum(axis=(1, 2), dtype=np.int64).argmax())

    def strip(self, settings: Report, boxes: Mapping[str, Sequence[int]]) -> list[int]:
        """The frames of the strip: from `strip_start`, or where there is most to see.

        Args:
            settings: params `report`.
            boxes: where objects are in the original, for `liveliest`.

        Raises:
            UsageError: the strip runs past the last frame.
        """
        offsets = [i * settings.strip_every for i in range(settings.strip_frames)]
        start = settings.strip_start or 0
        if start + offsets[-1] >= len(self):
            raise UsageError(
                f"params.yaml: report: expected a strip within the film's {len(self)} frames, "
                f"found its last frame at {start + offsets[-1]}; lower strip_start, strip_frames "
                f"or strip_every, or raise evaluate.film"
            )
        if settings.strip_start is None:
            start = liveliest(
                self.truth[ORIGINAL][: len(self)], boxes, self.hits[: len(self)], offsets
            )
        return [start + offset for offset in offsets]


def play_of(films: Sequence[Film]) -> Play:
    """The films of all models as one; of a world that several models hold, the first one's."""
    return _play([(film, film.truth, film.decoded) for film in films], films[0].hits)


def dream_of(films: Sequence[Film]) -> Play:
    """The dreams of all models as one play, in the same way."""
    dreams = [(film, film.dream_truth, film.dream) for film in films]
    return _play(dreams, np.zeros(dreams[0][1].shape[1], np.uint8))


def _play(parts: Iterable[tuple[Film, Pictures, Pictures]], hits: NDArray[np.uint8]) -> Play:
    truth: dict[str, Pictures] = {}
    decoded: dict[str, Pictures] = {}
    for film, true, drawn in parts:
        for world, shown, seen in zip(film.worlds, true, drawn, strict=True):
            on = np.unpackbits(shown, axis=1).reshape(-1, SIDE, SIDE)
            truth.setdefault(world, on * np.uint8(255))
            decoded.setdefault(world, seen.reshape(-1, SIDE, SIDE))
    return Play(truth, decoded, hits)
