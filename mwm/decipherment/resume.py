"""Levels that were searched are kept, so that an interrupted search goes on with the next one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from mwm.decipherment.search import Searched
from mwm.io import checkpoints
from mwm.models.codes import Codes
from mwm.models.environment import environment


class Checkpoints:
    """Calls the search of a level, or returns what it returned before an interruption."""

    def __init__(
        self, shelf: checkpoints.Shelf, label: str, codes: tuple[Codes, Codes], settings: Any
    ) -> None:
        """Wait until no other process searches the same.

        Args:
            shelf: of all checkpoints.
            label: of this search.
            codes: of the original and of the other world.
            settings: what else the search depends on, JSON values.
        """
        arrays = [{name: np.asarray(value) for name, value in vars(c).items()} for c in codes]
        machine = environment(torch.device("cpu"))
        self._key = checkpoints.fingerprint(label, arrays, settings, machine)
        self._folder = checkpoints.place(shelf, label, self._key)

    def __call__(self, name: str, search: Callable[[], Searched]) -> Searched:
        """What `search` returns; `name` tells it from other searches with this label."""
        path, key = self._folder / f"{name}.safetensors", f"{self._key} {name}"
        if kept := checkpoints.load(path, key):
            return Searched(torch.tensor(kept[0]["emissions"]), kept[1])
        searched = search()
        checkpoints.save(path, key, {"emissions": searched.emissions.numpy()}, searched.scores)
        return searched
