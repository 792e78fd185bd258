"""Checkpoints of a policy's training, so that one that was killed ends with the same bytes."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mwm.control.games import Games
from mwm.io import checkpoints
from mwm.io.checkpoints import Shelf
from mwm.models.environment import environment
from mwm.training.history import History
from mwm.training.state import State


@dataclass
class Progressed:
    """How far a training has come.

    Attributes:
        state: of the policy, its optimizer and its generators; with the rows of all updates.
        games: those under way.
        earned: (n,) points in each of them so far.
        scores: of the last games that ended.
    """

    state: State
    games: Games
    earned: NDArray[np.float64]
    scores: list[float] = field(default_factory=list)


class Checkpoints:
    """Those of one training, found again by a fingerprint of all that it depends on.

    Attributes:
        latest: the number of updates in the last one.
    """

    def __init__(self, shelf: Shelf, *parts: Any) -> None:
        """Wait until no other process works on the same.

        Args:
            shelf: of all checkpoints.
            parts: what the training depends on, as `checkpoints.fingerprint` takes it.
        """
        self._key = checkpoints.fingerprint(*parts, environment(torch.device("cpu")))
        self._path = checkpoints.place(shelf, "control", self._key) / "latest.safetensors"
        self._pause, self._saved = checkpoints.every(), time.monotonic()
        self.latest = 0

    def restore(self, found: Progressed) -> None:
        """Bring `found`, which has just begun, to the last checkpoint if there is one."""
        if kept := checkpoints.load(self._path, self._key):
            arrays, notes = kept
            found.state.restore(arrays, notes["draws"], History(**notes["history"]))
            found.games.restore(arrays, notes["games"])
            found.earned[:] = arrays["earned"]
            found.scores[:] = notes["scores"]
            self.latest = len(found.state.history.training)

    def keep(self, found: Progressed, last: bool) -> None:
        """Save after an update, if it is time or the `last`."""
        if not last and time.monotonic() - self._saved < self._pause:
            return
        played, told = found.games.state()
        notes = {
            "draws": found.state.draws.bit_generator.state,
            "history": asdict(found.state.history),
            "scores": found.scores,
            "games": told,
        }
        arrays = {**found.state.arrays(), **played, "earned": found.earned}
        if checkpoints.save(self._path, self._key, arrays, notes):
            self.latest = len(found.state.history.training)
        self._saved = time.monotonic()
