"""The memory model M: an LSTM, shared by all worlds, that predicts the next latent."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mwm.models.visions.base import LOG_VARIANCE, split_gaussian
from mwm.settings.train import Model

State = tuple[Tensor, Tensor]  # the LSTM's hidden and cell state, each (1, b, hidden)
LEAST_SPREAD = 0.05  # of a number that is scaled: those that hardly vary are not blown up
SAYS = 0.3  # of the widest dimension's spread: by one that varies less, V says next to nothing


class Memory(nn.Module):
    """Reads (z_t, a_t) step by step; predicts z_{t+1}.

    It `predicts` the latent, as a diagonal Gaussian (the paper's), or its change, as a point: a
    game goes on from where it is, so that a change of 0 is a better start than any latent. Changes
    are in units of the spread of each dimension, which `calibrate` measures. Dimensions by which V
    says next to nothing are neither read nor changed, since what is left in them is another thing
    in each world; their spread is 0.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, config: Model, actions: int) -> None:
        super().__init__()
        self.actions, self.changes = actions, config.predicts == "change"
        latent, hidden = config.latent, config.memory
        self.lstm = nn.LSTM(latent + actions, hidden, batch_first=True)
        if self.changes:
            self.head: nn.Module = nn.Sequential(
                nn.Linear(hidden + latent, 2 * hidden), nn.ReLU(), nn.Linear(2 * hidden, latent)
            )
        else:
            self.head = nn.Linear(hidden, 2 * latent)
        self.register_buffer("centre", torch.zeros(latent))
        self.register_buffer("spread", torch.ones(latent))

    def calibrate(self, z: Tensor) -> None:
        """Look at latents (n, latent) before training; without effect on who predicts latents."""
        if self.changes:
            self.centre.copy_(z.mean(0))
            self.spread.copy_(spreads(z))

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
        output, after = self.lstm(self._input(z, actions), state)
        return *self._prediction(z, output), after

    def step(
        self, z: Tensor, action: Tensor, state: State | None = None
    ) -> tuple[Tensor, Tensor, State]:
        """Read one step, in constant time: z (b, latent) and action (b,) int64, as `read` does.

        Returns:
            Mean and log-variance of the next latent, each (b, latent), and the state after it.
        """
        mean, log_variance, after = self.read(z[:, None], action[:, None], state)
        return mean[:, 0], log_variance[:, 0], after

    def remember(self, z: Tensor, action: Tensor, state: State) -> State:
        """The state after a step, z (b, latent) and action (b,) int64; no prediction is made.

        It takes half the time of `step`: PyTorch's LSTM prepares its weights anew for every call.
        """
        by_input, by_state, input_bias, state_bias = self.lstm.parameters()
        gates = functional.linear(self._input(z, action), by_input, input_bias)
        gates = gates + functional.linear(state[0][0], by_state, state_bias)
        i, f, g, o = gates.chunk(4, -1)  # the order of PyTorch's weights
        cell = f.sigmoid() * state[1][0] + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
        return hidden[None], cell[None]

    def dream(self, z: Tensor, actions: Tensor, state: State) -> Tensor:
        """Go on alone from z (b, latent), the latent now: (b, 1 + t, latent), z and the t after it.

        Every step reads the mean that the one before it predicted.

        Args:
            z: (b, latent).
            actions: (b, t) int64.
            state: at the end of what was read before z.
        """
        means = [z]
        for action in actions.unbind(1):
            state = self.remember(z, action, state)
            z, _ = self._prediction(z, state[0][0])
            means.append(z)
        return torch.stack(means, 1)

    def _input(self, z: Tensor, actions: Tensor) -> Tensor:
        one_hot = functional.one_hot(actions, self.actions).to(z.dtype)
        return torch.cat([self._scaled(z), one_hot], dim=-1)

    def _scaled(self, z: Tensor) -> Tensor:
        return scaled(z, self.centre, self.spread) if self.changes else z

    def _prediction(self, z: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latent after z, from the LSTM's output."""
        if self.changes:
            mean = z + self.spread * self.head(torch.cat([output, self._scaled(z)], -1))
            return mean, torch.full_like(mean, LOG_VARIANCE[0])
        return split_gaussian(self.head(output))


def spreads(z: Tensor) -> Tensor:
    """Standard deviations (latent,) of latents (n, latent); 0 where V says next to nothing.

    The prior draws such a dimension of z towards 0, whatever the frame is.
    """
    spread = z.std(0)
    return torch.where(spread < SAYS * spread.max(), 0.0, spread.clamp(min=LEAST_SPREAD))


def scaled(x: Tensor, centre: Tensor, spread: Tensor) -> Tensor:
    """Numbers x (..., n) in spreads (n,) from their centre (n,); 0 where the spread is 0."""
    return (x - centre) * torch.where(spread > 0, 1 / spread, 0.0)
