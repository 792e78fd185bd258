"""What a training step sees: packed frames of each world, held in memory and drawn at random."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import MwmError
from mwm.io.frames import Frames
from mwm.settings.train import Batch


@dataclass(frozen=True)
class Sequences:
    """Sequences of one world, each frame but the last with the action taken after it.

    Attributes:
        frames: (b, t + 1, 512) uint8, packed.
        actions: (b, t) int64.
    """

    frames: Tensor
    actions: Tensor


class Plays:
    """The episodes of one world that training may use, or those that validation may."""

    def __init__(
        self, content: Frames, episodes: NDArray[np.int64], length: int, device: torch.device
    ) -> None:
        """Keep `episodes`; sequences read `length` frames and end with one more to predict.

        Raises:
            MwmError: no episode is long enough for one sequence.
        """
        offsets = content.episode_offsets
        spans = [(int(offsets[e]), int(offsets[e + 1])) for e in episodes]
        self.frame_indices = np.concatenate([np.arange(a, b) for a, b in spans])
        self.starts = np.concatenate([np.arange(a, max(a, b - length)) for a, b in spans])
        if len(self.starts) == 0:
            raise MwmError(
                f"train.batch.length: expected an episode of more than {length} frames, found the "
                f"longest of {max(b - a for a, b in spans)}; shorten it, or raise collect.max_steps"
            )
        self.length = length
        self._frames = torch.from_numpy(content.frames).to(device)
        self._actions = torch.from_numpy(content.actions).to(device, torch.int64)
        self._span = torch.arange(length + 1, device=device)

    def sequences(self, starts: NDArray[np.int64]) -> Sequences:
        """The sequences that start at these frames."""
        index = torch.from_numpy(starts).to(self._frames.device)[:, None] + self._span
        return Sequences(self._frames[index], self._actions[index[:, :-1]])

    def frames(self, indices: NDArray[np.int64]) -> Tensor:
        """The frames at these indices, (n, 512) uint8."""
        return self._frames[torch.from_numpy(indices).to(self._frames.device)]


class Sampler:
    """Draws a batch for every world: the same indices (corresponding), or each world its own."""

    def __init__(
        self,
        plays: Mapping[str, Plays],
        batch: Batch,
        corresponding: bool,
        rng: np.random.Generator,
    ) -> None:
        self._plays, self._batch, self.rng = plays, batch, rng
        self._corresponding = corresponding

    def sequences(self) -> dict[str, Sequences]:
        """`batch.sequences` random sequences of every world."""
        starts = self._draw([p.starts for p in self._plays.values()], self._batch.sequences)
        return {w: p.sequences(s) for (w, p), s in zip(self._plays.items(), starts, strict=True)}

    def indices(self) -> dict[str, NDArray[np.int64]]:
        """`batch.frames` random frames of every world, by their places."""
        chosen = self._draw([p.frame_indices for p in self._plays.values()], self._batch.frames)
        return dict(zip(self._plays, chosen, strict=True))

    def frames(self, indices: Mapping[str, NDArray[np.int64]]) -> dict[str, Tensor]:
        """The frames at these places of every world, (n, 512) uint8."""
        return {world: self._plays[world].frames(places) for world, places in indices.items()}

    def _draw(self, pools: Sequence[NDArray[np.int64]], count: int) -> list[NDArray[np.int64]]:
        if self._corresponding:
            return [pools[0][self.rng.integers(len(pools[0]), size=count)]] * len(pools)
        return [pool[self.rng.integers(len(pool), size=count)] for pool in pools]
