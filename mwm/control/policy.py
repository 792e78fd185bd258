"""The policy and its critic: two networks that read a code, z and M's hidden state."""

import torch
from torch import Tensor, nn

from mwm.models.memory import LEAST_SPREAD, scaled, spreads

MOST = 5.0  # spreads from the mean at which a number is cut
GAIN = 2**0.5  # of the initial weights of a layer
TIMID = 0.01  # ... of the layer that gives actions: at first all are about as likely


class Policy(nn.Module):
    """Reads codes (n, size); says how likely each action is, and what rewards are to come.

    What a code has of each number is scaled by its `spread`. A dimension of z by which V says next
    to nothing has none, and is not read: it is another in each world.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, size: int, actions: int, hidden: int) -> None:
        super().__init__()
        self.actions = actions
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.actor = _layers(size, hidden, actions, TIMID)
        self.critic = _layers(size, hidden, 1, 1.0)

    def calibrate(self, codes: Tensor, latent: int) -> None:
        """Look at codes (n, size) of random play before training; z is their first `latent`."""
        self.mean.copy_(codes.mean(0))
        told, remembered = spreads(codes[:, :latent]), codes[:, latent:].std(0)
        self.spread.copy_(torch.cat([told, remembered.clamp(min=LEAST_SPREAD)]))

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities (n, actions) and values (n,) of codes (n, size)."""
        x = self._scaled(codes)
        return self.actor(x).log_softmax(-1), self.critic(x)[:, 0]

    @torch.inference_mode()
    def best(self, codes: Tensor) -> Tensor:
        """The likeliest action, (n,) int64, for each of the codes (n, size)."""
        likeliest: Tensor = self.actor(self._scaled(codes)).argmax(-1)
        return likeliest

    def _scaled(self, codes: Tensor) -> Tensor:
        return scaled(codes, self.mean, self.spread).clamp(-MOST, MOST)


def initialise(size: int, actions: int, hidden: int, seed: int) -> Policy:
    """A fresh policy, which depends on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Policy(size, actions, hidden)


def _layers(size: int, hidden: int, outputs: int, gain: float) -> nn.Sequential:
    layers = [nn.Linear(size, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)]
    for layer, its_gain in zip(layers, (GAIN, GAIN, gain), strict=True):
        nn.init.orthogonal_(layer.weight, its_gain)
        nn.init.zeros_(layer.bias)
    first, second, last = layers
    return nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), last)
