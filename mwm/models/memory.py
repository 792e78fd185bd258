"""The memory model M: an LSTM, shared by all worlds, that predicts the next latent."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mwm.models.visions.base import split_gaussian

State = tuple[Tensor, Tensor]  # the LSTM's hidden and cell state, each (1, b, hidden)


class Memory(nn.Module):
    """Reads (z_t, a_t) step by step; predicts a diagonal Gaussian over z_{t+1}."""

    def __init__(self, latent: int, hidden: int, actions: int) -> None:
        super().__init__()
        self.actions = actions
        self.lstm = nn.LSTM(latent + actions, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 2 * latent)

    def forward(self, z: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """z (b, t, latent) and actions (b, t) int64 to mean and log-variance, (b, t, latent)."""
        mean, log_variance, _ = self.read(z, actions)
        return mean, log_variance

    def read(
        self, z: Tensor, actions: Tensor, state: State | None = None
    ) -> tuple[Tensor, Tensor, State]:
        """Read sequences as `forward` does, from `state` on; also returns the state at their end.

        Args:
            z: (b, t, latent).
            actions: (b, t) int64.
            state: at the end of what was read before; None at the start of a sequence.
        """
        one_hot = functional.one_hot(actions, self.actions).to(z.dtype)
        output, after = self.lstm(torch.cat([z, one_hot], dim=-1), state)
        return *split_gaussian(self.head(output)), after

    def step(
        self, z: Tensor, action: Tensor, state: State | None = None
    ) -> tuple[Tensor, Tensor, State]:
        """Read one step, in constant time: z (b, latent) and action (b,) int64, as `read` does.

        Returns:
            Mean and log-variance of the next latent, each (b, latent), and the state after it.
        """
        mean, log_variance, after = self.read(z[:, None], action[:, None], state)
        return mean[:, 0], log_variance[:, 0], after
