"""Make frames.h5: binary frames of the original world, 64 x 64 pixels, split by episode."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mwm.frames.background import find_background
from mwm.frames.pooling import any_pool
from mwm.frames.splitting import split_episodes
from mwm.io.frames import FRAME_BYTES, SIDE, Frames, lengths_of, write_frames
from mwm.io.progress import Monitor, silent
from mwm.io.rollouts import Rollouts, opening
from mwm.settings.base import ORIGINAL
from mwm.settings.lengths import Lengths
from mwm.settings.preprocess import Preprocess

BLOCK = 32  # screens binarised at once; more do not fit the processor's cache


def preprocess(
    settings: Preprocess,
    source: Path | str,
    out: Path | str,
    monitor: Monitor = silent,
    check: Callable[[Lengths], None] = lambda lengths: None,
) -> None:
    """Make frames.h5 at `out` from the rollouts.h5 at `source`.

    Args:
        settings: params `preprocess`.
        source: file to read.
        out: file to write.
        monitor: receives progress.
        check: called with the lengths of the episodes of each split, before the work.

    Raises:
        UsageError: too few episodes for the split, or `check` refuses them.
        MwmError: `source` is missing or not what it should be, or `out` cannot be written.
    """
    with opening(source) as rollouts:
        split = split_episodes(len(rollouts.steps), settings.validation, settings.test)
        check(lengths_of(rollouts.steps, split))
        background = json.loads(rollouts.attributes["background"])
        if background is None:
            background = find_background(rollouts, np.flatnonzero(split == 0))
        content = Frames(
            frames=binary_frames(rollouts, np.asarray(background, np.uint8), monitor),
            actions=rollouts.actions,
            episode_offsets=rollouts.episode_offsets,
            split=split,
            pixel_map=np.arange(SIDE * SIDE, dtype=np.uint16),
            inverted=np.zeros(FRAME_BYTES, np.uint8),
            attributes={**rollouts.attributes, **settings.model_dump(), "world": ORIGINAL},
        )
    write_frames(out, content)


def binary_frames(
    rollouts: Rollouts, background: NDArray[np.uint8], monitor: Monitor = silent
) -> NDArray[np.uint8]:
    """(n, 512) packed frames of all steps: a pixel is 1 where the screen is not `background`.

    Args:
        rollouts: the open file.
        background: palette value of the background, () or (height, width) by pixel.
        monitor: receives progress.
    """
    frames = np.empty((len(rollouts.actions), FRAME_BYTES), np.uint8)
    offset = 0
    # One thread: a second one is no faster, because of the interpreter's lock.
    with monitor("preprocess", len(frames), "frames") as progress:
        for episode, steps in enumerate(rollouts.steps.tolist()):
            for screens in rollouts.chunks(episode):
                for block in range(0, len(screens), BLOCK):
                    masks = screens[block : block + BLOCK] != background
                    frames[offset : offset + len(masks)] = any_pool(masks)
                    offset += len(masks)
            progress.advance(steps)
    return frames
