"""A small world's pictures, and what was deciphered of them."""

from dataclasses import replace

import numpy as np
import torch
from small_world import as_is, look_at, states_of_play
from torch import Tensor

from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.settling.side import Side

PLACES = 60  # of the ball and of the lift, a pixel each


def pictures(states: Tensor) -> np.ndarray:
    """Packed frames (n, 512) with a pixel for the lift and one for the ball; most are white."""
    places = (states * (PLACES - 1)).round().long().numpy()
    bits = np.ones((len(states), 4096), bool)
    bits[np.arange(len(states)), places[:, 0]] = False
    bits[np.arange(len(states)), 100 + places[:, 1]] = False
    return np.packbits(bits, axis=1)


def shown(contents: dict[str, Frames], states: Tensor) -> Frames:
    """Frames of a world that shows these states."""
    return replace(contents["original"], frames=pictures(states))


def deciphered(values: Tensor) -> tuple[Latents, Latents]:
    """The part that the lift makes of latents, and these; of all frames but some."""
    known = np.flatnonzero(np.arange(len(values)) % 10)
    lift = (values - values.mean(0)) * torch.tensor([1.0, 0.0])
    controlled, latents = (
        Latents(known, part.numpy()[known].astype(np.float32), np.arange(2))
        for part in (lift, values)
    )
    return controlled, latents


def side(contents: dict[str, Frames], seed: int, read: Tensor | None = None) -> Side:
    """A world in which latents are the states, or have been read as given."""
    states, actions = states_of_play(seed)
    codes = replace(look_at(states, actions, as_is), centre=torch.zeros(2), scale=torch.ones(2))
    codes = replace(codes, z=states)
    controlled, latents = deciphered(states if read is None else read)
    return Side(codes, shown(contents, states), controlled, latents)
