"""Binary frames with their actions: frames.h5 and data/worlds/<world>.h5."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import ArtefactError, MwmError, UsageError
from mwm.io.hdf5 import check_attribute, creating_h5, read_array, read_attributes, reading_h5
from mwm.settings.lines import brief

SIDE = 64
FRAME_BYTES = SIDE * SIDE // 8
SPLITS = ("train", "validation", "test")
CHUNK = 256  # frames per compressed chunk


@dataclass(frozen=True)
class Frames:
    """Binary frames with the actions between them: the content of frames.h5 and of each world.

    Attributes:
        frames: (n, 512) uint8, 64 x 64 bits packed row by row, most significant bit first.
        actions: (n,) uint8, index into the game's minimal action set; taken after the frame.
        episode_offsets: (episodes + 1,) int64; episode e is frames[offsets[e]:offsets[e + 1]].
        split: (episodes,) uint8, index into SPLITS.
        pixel_map: (4096,) uint16; this world's pixel p shows the original's pixel pixel_map[p] ...
        inverted: (512,) uint8, packed; ... with its colour inverted where this is 1.
        attributes: game, world, action_names (JSON list), objects (JSON: name to [top, left,
            bottom, right] in pixels of the original's 64 x 64 frame, half open), and where the
            frames come from. Training never reads pixel_map, inverted or objects: only
            evaluation does.
    """

    frames: NDArray[np.uint8]
    actions: NDArray[np.uint8]
    episode_offsets: NDArray[np.int64]
    split: NDArray[np.uint8]
    pixel_map: NDArray[np.uint16]
    inverted: NDArray[np.uint8]
    attributes: Mapping[str, Any]

    def episodes(self, split: str, needed_of: str | None = None) -> NDArray[np.int64]:
        """Indices of the episodes in `split`, one of SPLITS.

        Args:
            split: of training, validation or test.
            needed_of: what the frames are, if none will not do.

        Raises:
            UsageError: there is no such split.
            ArtefactError: there is none, and some are needed.
        """
        if not isinstance(split, str) or split not in SPLITS:
            raise UsageError(f"split: expected one of {', '.join(SPLITS)}, found {brief(split)}")
        found = np.flatnonzero(self.split == SPLITS.index(split))
        if needed_of and not len(found):
            raise ArtefactError(
                f"{needed_of}: expected {split} episodes, found none among {len(self.split)}"
            )
        return found

    def indices(self, episodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of the frames of some episodes, (n,), episode after episode."""
        offsets = self.episode_offsets
        return np.concatenate([np.arange(*offsets[episode : episode + 2]) for episode in episodes])

    def show(self, packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The original's frames, (n, 512), as this world shows them, by its pixel map."""
        shown = np.empty_like(packed)
        for start in range(0, len(packed), CHUNK):
            pixels = np.unpackbits(packed[start : start + CHUNK], axis=1)
            moved = np.packbits(pixels.take(self.pixel_map, axis=1), axis=1)
            shown[start : start + CHUNK] = moved ^ self.inverted
        return shown

    @property
    def lengths(self) -> dict[str, list[int]]:
        """In frames, of the episodes of each split."""
        return lengths_of(np.diff(self.episode_offsets), self.split)

    @property
    def action_count(self) -> int:
        """How many actions the game knows."""
        return len(json.loads(self.attributes["action_names"]))


def lengths_of(frames: NDArray[np.int64], split: NDArray[np.uint8]) -> dict[str, list[int]]:
    """How many `frames` (e,) the episodes of each split have; `split` (e,) indexes SPLITS."""
    return {name: frames[split == index].tolist() for index, name in enumerate(SPLITS)}


def write_frames(path: Path | str, content: Frames, kind: str = "frames") -> None:
    """Write frames.h5 (`kind` frames) or a world (`kind` world)."""
    with creating_h5(path, kind, content.attributes) as file:
        chunk = (min(CHUNK, len(content.frames)), FRAME_BYTES)
        file.create_dataset(
            "frames", data=content.frames, chunks=chunk, compression="gzip", compression_opts=4
        )
        file.create_dataset("actions", data=content.actions)
        file.create_dataset("episode_offsets", data=content.episode_offsets)
        file.create_dataset("split", data=content.split)
        file.create_dataset("pixel_map", data=content.pixel_map)
        file.create_dataset("inverted", data=content.inverted)


def read_frames(path: Path | str, kind: str = "frames") -> Frames:
    """Read frames.h5 (`kind` frames) or a world (`kind` world) into memory.

    Raises:
        MwmError: missing, truncated, foreign, or with a dataset of another shape, dtype or range.
    """
    with reading_h5(path, kind) as file:
        frames = read_array(file, "frames", np.uint8, (None, FRAME_BYTES))
        content = Frames(
            frames=frames,
            actions=read_array(file, "actions", np.uint8, (len(frames),)),
            episode_offsets=read_array(file, "episode_offsets", np.int64, (None,)),
            split=read_array(file, "split", np.uint8, (None,)),
            pixel_map=read_array(file, "pixel_map", np.uint16, (SIDE * SIDE,)),
            inverted=read_array(file, "inverted", np.uint8, (FRAME_BYTES,)),
            attributes=read_attributes(file),
        )
    check_ranges(path, content)
    return content


def check_ranges(path: Path | str, content: Frames) -> None:
    """Refuse content whose parts do not go together; `path` is its file.

    Raises:
        ArtefactError: episodes, splits, boxes, pixels or actions are out of range.
    """
    offsets = content.episode_offsets
    whole = len(offsets) > 1 and offsets[0] == 0 and offsets[-1] == len(content.frames)
    if not whole or np.any(offsets[1:] <= offsets[:-1]):  # no difference, which may overflow
        raise ArtefactError(
            f"{path}: episode_offsets: expected to rise from 0 to {len(content.frames)}, "
            f"found {offsets[:3].tolist()}..{offsets[-1:].tolist()}"
        )
    if len(content.split) != len(offsets) - 1 or content.split.max() >= len(SPLITS):
        raise ArtefactError(
            f"{path}: split: expected {len(offsets) - 1} episodes in 0..{len(SPLITS) - 1}, "
            f"found {len(content.split)}, {np.unique(content.split).tolist()}"
        )
    check_attribute(
        path, content.attributes, "action_names", "a list", lambda x: isinstance(x, list)
    )
    check_attribute(path, content.attributes, "objects", "boxes by name", _are_boxes)
    if not np.array_equal(np.sort(content.pixel_map), np.arange(SIDE * SIDE)):
        raise ArtefactError(f"{path}: pixel_map: expected a permutation of 0..{SIDE * SIDE - 1}")
    if content.actions.max() >= (count := content.action_count):
        raise ArtefactError(
            f"{path}: actions: expected 0..{count - 1}, found {content.actions.max()}"
        )


def _are_boxes(value: Any) -> bool:
    """Whether these are [top, left, bottom, right] within a frame, by name."""
    return isinstance(value, dict) and all(
        isinstance(box, list)
        and [type(edge) for edge in box] == [int] * 4
        and 0 <= box[0] < box[2] <= SIDE
        and 0 <= box[1] < box[3] <= SIDE
        for box in value.values()
    )


def divide(
    episodes: NDArray[np.int64], inputs: str, position: int, parts: int
) -> NDArray[np.int64]:
    """The training episodes of one world of `parts`: all of them, or a disjoint share.

    With independent inputs no two parts hold the same episode, so that no frame of one world has a
    counterpart in another's; every `parts`-th episode, so that shares are alike.

    Raises:
        MwmError: there are fewer episodes than parts.
    """
    share = episodes if inputs == "corresponding" else episodes[position::parts]
    if not len(share):
        raise MwmError(
            f"train.run.inputs: independent: expected a training episode for each of {parts} "
            f"worlds, found {len(episodes)}; raise collect.episodes"
        )
    return share
