"""Curves: cross-decoding on validation episodes, which nothing in training reads."""

from collections.abc import Mapping

import numpy as np
import torch

from mwm.io.frames import Frames
from mwm.metrics.errors import rounded
from mwm.metrics.objects import OriginalView
from mwm.metrics.pairs import Target
from mwm.models.encoding import encode_sequences
from mwm.models.model import MetaWorldModel
from mwm.settings.train import Record
from mwm.training.batches import Episodes
from mwm.training.history import Row

METRICS = (
    "reconstruction",
    "prediction",
    "transfer",
    "predicted_transfer",
    "alignment",
    "predicted_alignment",
)


class Validator:
    """Measures a model on the same validation sequences every time."""

    def __init__(
        self,
        worlds: Mapping[str, Frames],
        length: int,
        record: Record,
        device: torch.device,
        memory: bool = True,
    ) -> None:
        """Choose `record.sequences` sequences that read `length` frames, evenly.

        Without `memory`, where M is not trained, what it predicts is not measured.

        Raises:
            MwmError: no validation episode is long enough for one sequence.
        """
        self._every = record.every
        self._metrics = [name for name in METRICS if memory or "predict" not in name]
        first = next(iter(worlds))
        held_out = worlds[first].episodes("validation", f"world {first}")
        episodes = {w: Episodes(frames, held_out, length, device) for w, frames in worlds.items()}
        starts = next(iter(episodes.values())).starts.indices
        chosen = starts[np.linspace(0, len(starts) - 1, record.sequences).astype(np.int64)]
        self._sequences = {world: e.sequences(chosen) for world, e in episodes.items()}
        self._views = {world: OriginalView(frames, device) for world, frames in worlds.items()}
        # A frame is unrelated to the one half the batch away.
        count = record.sequences * length
        self._unrelated = torch.arange(count, device=device).roll(count // 2)

    def due(self, iteration: int, last: int) -> bool:
        """Whether to measure after this iteration."""
        return iteration % self._every == 0 or iteration in (1, last)

    def measure(self, model: MetaWorldModel, iteration: int) -> list[Row]:
        """A row per ordered pair of different worlds (one world alone: with itself)."""
        worlds = model.worlds
        latents = {
            world: encode_sequences(model, world, s.frames[:, :-1], s.actions)
            for world, s in self._sequences.items()
        }
        targets = {
            world: Target(model, world, s, self._views[world], latents[world], self._unrelated)
            for world, s in self._sequences.items()
        }
        pairs = [(i, j) for i in worlds for j in worlds if i != j] or [(worlds[0], worlds[0])]
        rows = []
        for i, j in pairs:
            errors, found = targets[j].compare(latents[i])
            errors |= targets[j].errors
            row: dict[str, float | None] = {name: errors[name] for name in self._metrics}
            row |= {f"f1_{name}": value for name, value in targets[j].f1(found).items()}
            rows.append({"iteration": iteration, "source": i, "target": j, **rounded(row)})
        return rows
