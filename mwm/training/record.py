"""Curves for the record: cross-decoding on validation episodes, which nothing in training reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from mwm.io.frames import Frames
from mwm.metrics.errors import alignment, squared_error
from mwm.metrics.objects import Judge, f1
from mwm.models.encoding import decode, encode_sequences
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import unpack_bits
from mwm.settings.train import Record
from mwm.training.batches import Plays

Row = dict[str, Any]


@dataclass
class History:
    """What an act left behind: rows of iterations, of validations, and of speed."""

    training: list[Row] = field(default_factory=list)
    validation: list[Row] = field(default_factory=list)
    speed: list[Row] = field(default_factory=list)


class Validator:
    """Measures a model on the same validation sequences every time."""

    def __init__(
        self, worlds: Mapping[str, Frames], length: int, record: Record, device: torch.device
    ) -> None:
        self._every = record.every
        first = next(iter(worlds.values()))
        episodes = first.episodes("validation")
        plays = {w: Plays(content, episodes, length, device) for w, content in worlds.items()}
        starts = next(iter(plays.values())).starts
        chosen = starts[np.linspace(0, len(starts) - 1, record.sequences).astype(np.int64)]
        self._sequences = {w: p.sequences(chosen) for w, p in plays.items()}
        self._judges = {w: Judge(content, device) for w, content in worlds.items()}

    def due(self, iteration: int, last: int) -> bool:
        """Whether to measure after this iteration."""
        return iteration % self._every == 0 or iteration in (1, last)

    def measure(self, model: MetaWorldModel, iteration: int) -> list[Row]:
        """A row per ordered pair of different worlds (one world alone: with itself)."""
        worlds = model.worlds
        pairs = [(i, j) for i in worlds for j in worlds if i != j] or [(worlds[0], worlds[0])]
        latents = {
            w: encode_sequences(model, w, s.frames[:, :-1], s.actions)
            for w, s in self._sequences.items()
        }
        now = {w: s.frames[:, :-1].flatten(0, 1) for w, s in self._sequences.items()}
        after = {w: s.frames[:, 1:].flatten(0, 1) for w, s in self._sequences.items()}
        rows = []
        for i, j in pairs:
            own, cross = (decode(model, j, latents[w].code.flatten(0, 1)) for w in (j, i))
            own_next, cross_next = (
                decode(model, j, latents[w].prediction.flatten(0, 1)) for w in (j, i)
            )
            errors = {
                "reconstruction": squared_error(own, now[j]),
                "prediction": squared_error(own_next, after[j]),
                "transfer": squared_error(cross, now[j]),
                "predicted_transfer": squared_error(cross_next, after[j]),
            }
            # An unrelated frame: half the batch away.
            chance = squared_error(own.roll(len(own) // 2, 0), now[j])
            unrelated = squared_error(own_next.roll(len(own) // 2, 0), after[j])
            errors |= {
                "alignment": alignment(errors["transfer"], errors["reconstruction"], chance),
                "predicted_alignment": alignment(
                    errors["predicted_transfer"], errors["prediction"], unrelated
                ),
            }
            judge = self._judges[j]
            found, truth = judge.on_pixels(cross), judge.on_pixels(unpack_bits(now[j]))
            errors |= {
                f"f1_{o}": f1(judge.box(found, o), judge.box(truth, o)) for o in judge.objects
            }
            rows.append({"iteration": iteration, "source": i, "target": j, **_rounded(errors)})
        return rows


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in values.items()}
