"""What a training step sees: frames of every world, drawn at random from its training episodes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import MwmError
from mwm.io.frames import Frames, divide
from mwm.models import rarity
from mwm.models.encoding import Sequences
from mwm.settings.base import ORIGINAL
from mwm.settings.train import Batch


class Images(NamedTuple):
    """Single frames of one world.

    Attributes:
        packed: (n, 512) uint8.
        indices: (n,) int64, which frames of the world they are.
    """

    packed: Tensor
    indices: NDArray[np.int64]


class Choices:
    """Frames of a world to draw from, with replacement."""

    def __init__(
        self, indices: NDArray[np.int64], weights: NDArray[np.float64] | None = None
    ) -> None:
        """Draw from `indices` (n,): each as likely as another, or by `weights` (n,)."""
        self.indices = indices
        self._up_to = None if weights is None else np.cumsum(weights) / weights.sum()

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """(count,) of the indices."""
        if self._up_to is None:
            return self.indices[rng.integers(len(self.indices), size=count)]
        places = np.searchsorted(self._up_to, rng.random(count), side="right")
        return self.indices[np.minimum(places, len(self.indices) - 1)]


class Episodes:
    """Some episodes of one world, on the device: those for training, or those for validation.

    Attributes:
        frames: all their frames ...
        starts: ... and all at which a sequence may start.
    """

    def __init__(
        self,
        frames: Frames,
        episodes: NDArray[np.int64],
        length: int,
        device: torch.device,
        rare: float = 0.0,
    ) -> None:
        """Keep `episodes`; sequences read `length` frames and end with one more to predict.

        With `rare` above 0, frames are drawn by their rarity (mwm/models/rarity.py) to this
        exponent, and sequences by the mean of their frames.

        Raises:
            MwmError: no episode is long enough for one sequence.
        """
        offsets = frames.episode_offsets
        spans = [(int(offsets[e]), int(offsets[e + 1])) for e in episodes]
        indices = np.concatenate([np.arange(a, b) for a, b in spans])
        starts = np.concatenate([np.arange(a, max(a, b - length)) for a, b in spans])
        if len(starts) == 0:
            raise MwmError(
                f"train.batch.length: expected an episode of more than {length} frames, found the "
                f"longest of {max(b - a for a, b in spans)}; shorten it, or raise collect.max_steps"
            )
        self.frames, self.starts = Choices(indices), Choices(starts)
        if rare:
            packed = frames.frames[indices]
            weights = rarity.frame_weights(packed, rarity.usual(packed), rare)
            summed = np.concatenate([[0.0], np.cumsum(weights)])
            first = np.searchsorted(indices, starts)
            self.frames = Choices(indices, weights)
            self.starts = Choices(starts, summed[first + length + 1] - summed[first])
        self._made_of = frames, episodes, device, rare
        self._packed = torch.from_numpy(frames.frames).to(device)
        self._actions = torch.from_numpy(frames.actions).to(device, torch.int64)
        self._span = torch.arange(length + 1, device=device)

    def lengthened(self, length: int) -> "Episodes":
        """The same episodes, with sequences that read `length` frames."""
        frames, episodes, device, rare = self._made_of
        return Episodes(frames, episodes, length, device, rare)

    def sequences(self, starts: NDArray[np.int64]) -> Sequences:
        """The sequences that start at these frames (b,)."""
        index = torch.from_numpy(starts).to(self._packed.device)[:, None] + self._span
        return Sequences(self._packed[index], self._actions[index[:, :-1]])

    def images(self, indices: NDArray[np.int64]) -> Images:
        """The frames at these indices (n,)."""
        packed = self._packed[torch.from_numpy(indices).to(self._packed.device)]
        return Images(packed, indices)


class Sampler:
    """Draws a batch of every world: the same moments of play (corresponding), or independent ones.

    Attributes:
        episodes: the training episodes of every world. With independent inputs no two worlds hold
            the same one: the original has the first share, the others the shares after it.
        rng: of all draws.
    """

    def __init__(
        self,
        worlds: Mapping[str, Frames],
        batch: Batch,
        inputs: str,
        rng: np.random.Generator,
        device: torch.device,
    ) -> None:
        """Divide the training episodes among the worlds.

        Args:
            worlds: what is trained at once. An act for one world alone leaves the other share.
            batch: sizes, params `train.batch`.
            inputs: "corresponding" or "independent".
            rng: of all draws.
            device: of the batches.

        Raises:
            MwmError: no episode of a world is long enough for one sequence.
        """
        self._batch, self._corresponding, self.rng = batch, inputs == "corresponding", rng
        others = [world for world in worlds if world != ORIGINAL]
        self.episodes: dict[str, Episodes] = {}
        for world, frames in worlds.items():
            share = 0 if world == ORIGINAL else 1 + others.index(world)
            own = frames.episodes("train", f"world {world}")
            train = divide(own, inputs, share, max(2, len(worlds)))
            drawn = not self._corresponding or not self.episodes  # else as the first world's
            rare = batch.rare_frames if drawn else 0.0
            self.episodes[world] = Episodes(frames, train, batch.length, device, rare)

    def sequences(self) -> dict[str, Sequences]:
        """`batch.sequences` random sequences of every world."""
        starts = self._draw([e.starts for e in self.episodes.values()], self._batch.sequences)
        pairs = zip(self.episodes.items(), starts, strict=True)
        return {world: episodes.sequences(own) for (world, episodes), own in pairs}

    def images(self) -> dict[str, Images]:
        """`batch.frames` random frames of every world."""
        indices = self._draw([e.frames for e in self.episodes.values()], self._batch.frames)
        pairs = zip(self.episodes.items(), indices, strict=True)
        return {world: episodes.images(own) for (world, episodes), own in pairs}

    def _draw(self, choices: Sequence[Choices], count: int) -> list[NDArray[np.int64]]:
        """`count` of each world's choices; the same for all if corresponding."""
        if self._corresponding:
            return [choices[0].draw(self.rng, count)] * len(choices)
        return [own.draw(self.rng, count) for own in choices]
