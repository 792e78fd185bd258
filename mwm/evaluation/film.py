"""The film: successive test frames as every world decodes them from the original's latents."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mwm import store
from mwm.evaluation.scenes import windows
from mwm.models.cross import draw, read_world
from mwm.models.model import MetaWorldModel
from mwm.params import ORIGINAL
from mwm.store import Frames


@dataclass(frozen=True)
class Film:
    """One model's film.

    Attributes:
        worlds: names, the original first.
        truth: (worlds, frames, 512) uint8, packed: what each world really shows.
        decoded: (worlds, frames, 4096) uint8: probability x 255, from the original's latents.
    """

    worlds: list[str]
    truth: NDArray[np.uint8]
    decoded: NDArray[np.uint8]


def shoot(model: MetaWorldModel, contents: Mapping[str, Frames], count: int) -> Film:
    """`count` successive frames of a test episode (fewer if none is that long)."""
    original = contents[ORIGINAL]
    offsets, episodes = original.episode_offsets, original.episodes("test")
    longest = int((offsets[episodes + 1] - offsets[episodes]).max())
    count = min(count, longest - 1)
    starts = windows(original, count, 1)
    index = starts[0] + np.arange(count)
    frames = torch.from_numpy(original.frames[index])
    actions = torch.from_numpy(original.actions[index].astype(np.int64))
    code = read_world(model, ORIGINAL, frames[None], actions[None]).code[0]
    drawn = [(draw(model, world, code) * 255).round().to(torch.uint8).numpy() for world in contents]
    return Film(
        list(contents), np.stack([c.frames[index] for c in contents.values()]), np.stack(drawn)
    )


def write_films(path: Path, films: Mapping[str, Film]) -> None:
    """Write eval/film.h5: a group per model."""
    with store.creating_h5(path, "film", {}) as file:
        for name, film in films.items():
            group = file.create_group(name)
            group.attrs["worlds"] = json.dumps(film.worlds)
            group.attrs["source"] = ORIGINAL
            for key, value in (("truth", film.truth), ("decoded", film.decoded)):
                group.create_dataset(
                    key, data=value, chunks=(1, *value.shape[1:]), compression="gzip"
                )
