"""Levels that were searched are kept, so that an interrupted search goes on with the next one."""

from typing import Any

import numpy as np
import torch

from mwm.decipherment.codes import Codes
from mwm.decipherment.search import Judged, Search
from mwm.io import checkpoints


class Remembered:
    """Calls a search, or tells what it found when it was called before."""

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
        machine = [torch.get_num_threads(), torch.backends.cpu.get_cpu_capability()]
        self._key = checkpoints.fingerprint(label, arrays, settings, machine)
        self._folder = checkpoints.place(shelf, label, self._key)

    def __call__(self, name: str, search: Search) -> Judged:
        """What `search` finds; `name` tells it from others."""
        path, key = self._folder / f"{name}.safetensors", f"{self._key} {name}"
        if found := checkpoints.load(path, key):
            return torch.tensor(found[0]["emissions"]), found[1]
        emissions, scores = search()
        checkpoints.save(path, key, {"emissions": emissions.numpy()}, scores)
        return emissions, scores
