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
        latents: the original's, as expected in frames of the other world: the original's mean, and
            what the states of each group contribute.
        parts: what each group contributes there.
        own: what each group contributes in the original's frames.
    """

    latents: Latents
    parts: list[Latents]
    own: list[Latents]


def read(original: Codes, other: Codes, found: list[Found]) -> Reading:
    """The original's latents as `found` of each group expects them in the frames of `other`."""
    sequences = other.sequences(LENGTH, 1)
    contributions = [part * original.scale for part in _contributions(original, found)]
    parts = torch.stack(
        [
            one.level.read(one.emissions, part, sequences).flatten(0, 1)
            for one, part in zip(found, contributions, strict=True)
        ]
    )
    frames, dimensions = other.frames[sequences.flatten().numpy()], original.dimensions.numpy()
    whole, *each = (
        Latents(frames, values.numpy(), dimensions)
        for values in (parts.sum(0) + original.centre, *parts)
    )
    own = []
    for one, part in zip(found, contributions, strict=True):
        states = one.level.states
        values = part[states.of[states.at]]
        own.append(Latents(original.frames[states.at.numpy()], values.numpy(), dimensions))
    return Reading(whole, each, own)


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
