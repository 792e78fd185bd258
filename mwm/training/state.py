"""The state of an act: all that its next iteration depends on, as arrays and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mwm.training.history import History


@dataclass
class State:
    """What changes while an act is performed.

    Attributes:
        model: all of it; what is frozen as well.
        optimizer: Adam over what learns.
        draws: the generator of batches.
        samples: the generator of latents.
        history: its last row of training tells how many iterations were done.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    draws: np.random.Generator
    samples: torch.Generator
    history: History = field(default_factory=History)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Weights, Adam's moments and the state of PyTorch's generator, by name."""
        tensors: dict[str, Tensor] = {"samples": self.samples.get_state()}
        tensors |= {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
        return {name: tensor.cpu().numpy() for name, tensor in tensors.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]], draws: Any, history: History) -> None:
        """Become what a checkpoint says."""
        model, adam = {}, dict[int, dict[str, Tensor]]()
        for name, array in arrays.items():
            kind, _, rest = name.partition(".")
            if kind == "model":
                model[rest] = torch.tensor(array)
            elif kind == "adam":
                index, _, moment = rest.partition(".")
                adam.setdefault(int(index), {})[moment] = torch.tensor(array)
        self.model.load_state_dict(model)
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": adam})
        self.draws.bit_generator.state = draws
        self.samples.set_state(torch.tensor(arrays["samples"]))
        self.history = history
