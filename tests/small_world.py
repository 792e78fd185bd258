"""A small world of a lift and a ball, and how two Vs may see it."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mwm.models.codes import Codes
from mwm.models.visions.base import unpack_bits
from mwm.smoothing.misreadings import Misread

STEPS, EPISODES = 600, 16  # of 8, half the orders leave the ball in another place
STATES, RESTARTS = 200, 24


def states_of_play(seed: int) -> tuple[Tensor, Tensor]:
    """A lift that actions move between 0 and 1, and a ball that flies to and fro by itself."""
    rng = np.random.default_rng(seed)
    n = STEPS * EPISODES
    actions = rng.integers(0, 3, n)
    lift, ball, speed = np.empty(n), np.empty(n), 0.05
    y, x = 0.5, 0.3
    for t in range(n):
        lift[t], ball[t] = y, x
        y = min(1.0, max(0.0, y + (0.0, 0.15, -0.1)[actions[t]]))
        x += speed
        if not 0 <= x <= 1:  # slower on the way back, or upside down would be right, too
            x = min(1.0, max(0.0, x))
            speed = -0.02 if speed > 0 else 0.05
        if rng.random() < 0.01:
            x = 0.3
    return torch.from_numpy(np.stack([lift, ball], 1)).float(), torch.from_numpy(actions)


def look_at(states: Tensor, actions: Tensor, look: Callable[[Tensor], Tensor]) -> Codes:
    """Codes of episodes as a V gives them that sees `look(states)`, with some noise."""
    z = look(states)
    noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(len(z)))
    z = z + 0.02 * noise
    centre, scale = z.mean(0), z.std(0)
    starts = np.arange(0, len(z), STEPS)
    spans = np.stack([starts, starts + STEPS], 1)
    frames, dimensions = np.arange(len(z)), torch.arange(z.shape[1])
    even, alike = torch.ones(len(z)), torch.ones(z.shape[1])
    z = (z - centre) / scale
    return Codes(frames, z, dimensions, centre, scale, actions, spans, alike, even)


def as_is(states: Tensor) -> Tensor:
    """What one V makes of the states."""
    return states


def turned(states: Tensor) -> Tensor:
    """Upside down, mixed and bent: what another V may make of another world."""
    lift, ball = 1 - states[:, 0], 1 - states[:, 1]
    return torch.stack([torch.tanh(2 * lift - 1) + 0.2 * ball, ball**2 - 0.2 * lift], 1)


def misread(codes: Codes) -> Misread:
    """The codes with the ball where it is at other times."""

    def at(*away: int) -> Tensor:
        balls = [codes.z[:, 1].roll(by) for by in away]
        return torch.stack([torch.stack([codes.z[:, 0], ball], 1) for ball in balls])

    return Misread(elsewhere=at(len(codes.z) // 3, len(codes.z) // 5), beside=at(-1, 1))


class Looked:
    """A V whose means are four sums of pixels; it says nothing by the second."""

    def __init__(self) -> None:
        rng = torch.Generator().manual_seed(0)
        self.map = torch.randn(4096, 4, generator=rng) * torch.tensor([0.3, 0.0, 0.1, 0.2])

    def unpack(self, packed):
        return unpack_bits(packed)

    def encode(self, x):
        spread = torch.tensor([-1.0, 0.0, -5.0, -2.0])
        return x @ self.map, spread.expand(len(x), 4)
