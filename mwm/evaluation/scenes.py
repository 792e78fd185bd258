"""What is judged: the same test sequences as every world shows them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import ArtefactError, MwmError
from mwm.io.frames import Frames
from mwm.metrics.objects import Judge
from mwm.models.visions.base import unpack_bits


@dataclass(frozen=True)
class Scene:
    """Test sequences of one world.

    Attributes:
        now: (b, t, 512) uint8, the frames that are encoded.
        after: (b, t, 512) uint8, the frames one step later, which M predicts.
        actions: (b, t) int64, taken between them.
        mean_frame: (4096,) float32, mean of the training frames.
        judge: knows the way back to the original's pixels.
    """

    now: Tensor
    after: Tensor
    actions: Tensor
    mean_frame: Tensor
    judge: Judge


def scene(content: Frames, starts: NDArray[np.int64], length: int) -> Scene:
    """The sequences of `length` frames that start at `starts`."""
    index = starts[:, None] + np.arange(length + 1)
    frames = torch.from_numpy(content.frames[index])
    return Scene(
        now=frames[:, :-1],
        after=frames[:, 1:],
        actions=torch.from_numpy(content.actions[index[:, :-1]].astype(np.int64)),
        mean_frame=_mean_frame(content),
        judge=Judge(content, torch.device("cpu")),
    )


def windows(content: Frames, length: int, count: int, split: str = "test") -> NDArray[np.int64]:
    """Starts of at most `count` disjoint sequences, spread evenly over the episodes of a split.

    Raises:
        MwmError: no episode of the split is long enough.
    """
    offsets = content.episode_offsets
    starts = np.concatenate(
        [np.arange(offsets[e], offsets[e + 1] - length, length) for e in content.episodes(split)]
    ).astype(np.int64)
    if len(starts) == 0:
        raise MwmError(
            f"evaluate.length: expected a {split} episode of more than {length} frames, "
            "found none; shorten it, or raise collect.max_steps"
        )
    return starts[np.linspace(0, len(starts) - 1, min(count, len(starts))).astype(np.int64)]


def check_alike(contents: Mapping[str, Frames]) -> None:
    """Refuse worlds that do not show the same plays.

    Raises:
        MwmError: actions, episodes or splits differ.
    """
    (first, content), *others = contents.items()
    for world, other in others:
        for name in ("actions", "episode_offsets", "split"):
            if not np.array_equal(getattr(content, name), getattr(other, name)):
                raise ArtefactError(
                    f"worlds {first} and {world}: expected the same {name}, found different ones"
                )


def _mean_frame(content: Frames) -> Tensor:
    total = torch.zeros(4096, dtype=torch.float64)
    count = 0
    for e in content.episodes("train"):
        part = content.frames[content.episode_offsets[e] : content.episode_offsets[e + 1]]
        total += unpack_bits(torch.from_numpy(part)).sum(0)
        count += len(part)
    return (total / count).float()
