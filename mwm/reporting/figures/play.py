"""film.h5: one play as each world shows it, and as its V decodes the original's latents."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from mwm import ArtefactError, UsageError
from mwm.io.frames import FRAME_BYTES, SIDE
from mwm.io.hdf5 import check_attribute, read_array, read_attributes, reading_h5
from mwm.settings.base import ORIGINAL
from mwm.settings.report import Report

Pictures = NDArray[np.uint8]


@dataclass(frozen=True)
class Film:
    """Per world, (frames, 64, 64) uint8 from 0 (off) to 255 (on): the truth, and the decoding.

    Where several models hold a world, the first one's decoding is kept.
    """

    truth: Mapping[str, Pictures]
    decoded: Mapping[str, Pictures]

    def __len__(self) -> int:
        return min(map(len, self.truth.values()))

    def fullest(self) -> int:
        """The first frame of the original in which most pixels are on: all objects are in sight."""
        original = next(iter(self.truth.values()))[: len(self)]
        return int(original.sum(axis=(1, 2), dtype=np.int64).argmax())

    def strip(self, settings: Report) -> list[int]:
        """The frames of the strip.

        Raises:
            UsageError: the strip runs past the film's end.
        """
        chosen = [
            settings.strip_start + i * settings.strip_every for i in range(settings.strip_frames)
        ]
        if chosen[-1] >= len(self):
            raise UsageError(
                f"params.yaml: report: expected a strip within the film's {len(self)} frames, "
                f"found its last frame at {chosen[-1]}; lower strip_start, strip_frames or "
                f"strip_every, or raise evaluate.film"
            )
        return chosen


def read_film(path: Path | str, models: Sequence[str]) -> Film:
    """Read what film.h5 holds of `models`.

    Raises:
        MwmError: missing, damaged, foreign, without a model, or with a dataset of another shape.
    """
    truth: dict[str, Pictures] = {}
    decoded: dict[str, Pictures] = {}
    with reading_h5(path, "film") as file:
        for model in models:
            worlds = _worlds(file, model)
            shown = read_array(file, f"{model}/truth", np.uint8, (len(worlds), None, FRAME_BYTES))
            shape = (len(worlds), shown.shape[1], SIDE * SIDE)
            drawn = read_array(file, f"{model}/decoded", np.uint8, shape)
            for index, world in enumerate(worlds):
                on = np.unpackbits(shown[index], axis=1).reshape(-1, SIDE, SIDE)
                truth.setdefault(world, on * np.uint8(255))
                decoded.setdefault(world, drawn[index].reshape(-1, SIDE, SIDE))
    if not truth or not all(map(len, truth.values())):
        raise ArtefactError(f"{path}: expected frames, found none")
    return Film(truth, decoded)


def _worlds(file: h5py.File, model: str) -> list[str]:
    """The worlds of a model's group, the original first."""
    found = read_attributes(file, model)
    check_attribute(
        f"{file.filename}: {model}",
        found,
        "worlds",
        f"a list of names that starts with {ORIGINAL}",
        lambda x: isinstance(x, list) and x[:1] == [ORIGINAL] and {*map(type, x)} == {str},
    )
    worlds: list[str] = json.loads(found["worlds"])
    return worlds
