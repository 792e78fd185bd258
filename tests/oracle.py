"""A model whose answers are known."""

from typing import NamedTuple

import torch
from torch import nn

from mwm.models.visions.base import unpack_bits


class Dynamics:
    """An M that needs no state: it applies `move` to each latent alone."""

    def __init__(self, move):
        self.move = move

    def __call__(self, z, actions):
        return self.read(z, actions)[:2]

    def read(self, z, actions, state=None):
        return self.move(z, actions), torch.zeros_like(z), None

    def step(self, z, action, state=None):
        mean = self.move(z[:, None], action[:, None])[:, 0]
        return mean, torch.zeros_like(mean), None

    def dream(self, z, actions, state):
        means = [z]
        for action in actions.T:
            means.append(self.move(means[-1][:, None], action[:, None])[:, 0])
        return torch.stack(means, 1)


class Oracle(nn.Module):
    """Its latents are the true frames of the original; `blind` worlds draw a blank frame."""

    class Sight(NamedTuple):
        place: torch.Tensor
        back: torch.Tensor
        inverted: torch.Tensor
        blind: bool

        def unpack(self, packed):
            return unpack_bits(packed)

        def encode(self, x):
            z = (x - self.inverted).abs()[:, self.back]
            return z, torch.zeros_like(z)

        def decode(self, z):
            x = (z[:, self.place] * (not self.blind) - self.inverted).abs()
            return (x - 0.5) * 60

    def __init__(self, contents, worlds, blind=()):
        super().__init__()
        self.sights = {}
        for world in worlds:
            place = torch.from_numpy(contents[world].pixel_map.astype("int64"))
            inverted = unpack_bits(torch.from_numpy(contents[world].inverted)[None])[0]
            self.sights[world] = self.Sight(place, place.argsort(), inverted, world in blind)

    def vision(self, world):
        return self.sights[world]

    def move(self, z, actions):
        """The next latents, of z (b, t, latent): nothing moves, as in a copied frame."""
        return z

    @property
    def memory(self):
        return Dynamics(self.move)


class DeafSight(Oracle.Sight):
    """Whatever it is shown, its latents are those of a blank frame."""

    def encode(self, x):
        z, log_variance = super().encode(x)
        return torch.zeros_like(z), log_variance


def deaf(contents, worlds, world):
    """An oracle whose encoder of one world says nothing, so that each encoder counts."""
    model = Oracle(contents, worlds)
    model.sights[world] = DeafSight(*model.sights[world])
    return model
