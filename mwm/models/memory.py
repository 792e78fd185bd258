"""The memory model M: an LSTM, shared by all worlds, that predicts the next latent."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mwm.models.visions.base import split_gaussian


class Memory(nn.Module):
    """Reads (z_t, a_t) step by step; gives a diagonal Gaussian over z_{t+1}."""

    def __init__(self, latent: int, hidden: int, actions: int) -> None:
        super().__init__()
        self.actions = actions
        self.lstm = nn.LSTM(latent + actions, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 2 * latent)

    def forward(self, z: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """z (b, t, latent) and actions (b, t) int64 to mean and log-variance, (b, t, latent)."""
        one_hot = functional.one_hot(actions, self.actions).to(z.dtype)
        read: Any = self.lstm(torch.cat([z, one_hot], dim=-1))[0]
        return split_gaussian(self.head(read))
