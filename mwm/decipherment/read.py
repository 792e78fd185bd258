"""What the chains say in the end: the original's latents in frames of the other world."""

from typing import NamedTuple

import torch
from torch import Tensor

from mwm.decipherment.search import Found
from mwm.decipherment.symbols import LENGTH
from mwm.io.latents import Latents
from mwm.models.codes import Codes


class Reading(NamedTuple):
    """What states mean in latents.

    Attributes:
        latents: the original's, as expected in frames of the other world: its mean, and what the
            states of both groups contribute.
        controlled: what the controlled group contributes there.
        own: what it contributes in the original's frames.
    """

    latents: Latents
    controlled: Latents
    own: Latents


def read(original: Codes, other: Codes, controlled: Found, slow: Found) -> Reading:
    """The original's latents as both groups expect them in the frames of `other`."""
    found = [controlled, slow]
    sequences = other.sequences(LENGTH, 1)
    contributions = [part * original.scale for part in _contributions(original, found)]
    acts, rest = (
        one.level.read(one.emissions, part, sequences).flatten(0, 1)
        for one, part in zip(found, contributions, strict=True)
    )
    frames, dimensions = other.frames[sequences.flatten().numpy()], original.dimensions.numpy()
    states = controlled.level.states
    own = contributions[0][states.of[states.at]]
    return Reading(
        Latents(frames, (acts + rest + original.centre).numpy(), dimensions),
        Latents(frames, acts.numpy(), dimensions),
        Latents(original.frames[states.at.numpy()], own.numpy(), dimensions),
    )


def _contributions(original: Codes, found: list[Found]) -> tuple[Tensor, ...]:
    """What each state adds to standardised latents, by ridge regression: (k, d) of each group."""
    states = [one.level.states for one in found]
    at = original.indices(max(one.history for one in states), 0)
    sizes = [one.count for one in states]
    offsets = [sum(sizes[:i]) for i in range(len(sizes))]
    columns = [offset + one.of[at] for offset, one in zip(offsets, states, strict=True)]
    size = sum(sizes)
    gram = torch.zeros(size * size)
    target = torch.zeros(size, original.z.shape[1])
    for column in columns:
        target.index_add_(0, column, original.z[at])
        for other in columns:
            gram.index_add_(0, column * size + other, torch.ones(len(at)))
    parts = torch.linalg.solve(gram.view(size, size) + torch.eye(size), target)
    return torch.split(parts, sizes)
