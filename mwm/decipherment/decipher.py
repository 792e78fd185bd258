"""Expected latents of the original for every frame of another world, from independent inputs."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mwm.decipherment.codes import Codes
from mwm.decipherment.functions import controlled, slow
from mwm.decipherment.level import LENGTH, Scale
from mwm.decipherment.search import Found, Group, search

SLOW = (
    Scale(60, 120, 4, 12, 2),
    Scale(120, 120, 6, 12),
    Scale(250, 250, 10, 12),
    Scale(500, 500, 16, 12),
)
CONTROLLED = (Scale(60, 60, 8, 8), Scale(200, 200, 8, 8))
FEATURES = 1500
COARSE_LAG, FINE_LAG = 8, 4  # steps over which slow functions are to last
ACTION_LAG = 3  # actions that a controlled function is to answer to


@dataclass(frozen=True)
class Deciphered:
    """What the original's latent would be in the frames of another world.

    Attributes:
        frames: (n,) indices of the frames.
        latents: (n, d) in the original's informative dimensions, not standardised.
        dimensions: (d,) which those are.
        found: what each group's search found, by name.
    """

    frames: Tensor
    latents: Tensor
    dimensions: Tensor
    found: dict[str, Found]


def decipher(original: Codes, other: Codes, seed: int) -> Deciphered:
    """Find the state of `original` in each frame of `other`; nothing here sees a pair of frames.

    The functions that actions decide and the slow ones are searched apart, since they change
    independently; latents are then the sum of what either group's state says of them.
    """
    groups = [_controlled(original, other, seed), _slow(original, other, seed)]
    found = {group.name: search(group, original, other, seed) for group in groups}
    sequences = other.sequences(LENGTH, 1)
    latents = _latents(original, list(found.values()), sequences).flatten(0, 1)
    latents = latents * original.scale + original.centre
    return Deciphered(sequences.flatten(), latents, original.dimensions, found)


def _slow(original: Codes, other: Codes, seed: int) -> Group:
    lags = (COARSE_LAG, *[FINE_LAG] * (len(SLOW) - 1))
    states_from = {lag: slow(original, 16, lag, 2, FEATURES, seed) for lag in set(lags)}
    symbols_from = slow(other, 12, FINE_LAG, 1, FEATURES, seed)
    return Group(
        "slow",
        [states_from[lag] for lag in lags],
        [symbols_from] * len(lags),
        SLOW,
        gap=3,
        actions=False,
        restarts=48,
    )


def _controlled(original: Codes, other: Codes, seed: int) -> Group:
    ours, theirs = (controlled(codes, 8, ACTION_LAG, seed) for codes in (original, other))
    levels = len(CONTROLLED)
    return Group(
        "controlled",
        [ours] * levels,
        [theirs] * levels,
        CONTROLLED,
        gap=2,
        actions=True,
        restarts=6,
    )


def _latents(original: Codes, found: list[Found], sequences: Tensor) -> Tensor:
    """Standardised latents (s, l, d): each group's state adds its share (ridge regression)."""
    levels = [f.level for f in found]
    at = original.indices(max(level.before for level in levels), 0)
    sizes = [level.k for level in levels]
    offsets = [sum(sizes[:i]) for i in range(len(sizes))]
    columns = [offset + level.states[at] for offset, level in zip(offsets, levels, strict=True)]
    size = sum(sizes)
    gram = torch.zeros(size * size)
    target = torch.zeros(size, original.z.shape[1])
    for one in columns:
        target.index_add_(0, one, original.z[at])
        for other in columns:
            gram.index_add_(0, one * size + other, torch.ones(len(at)))
    shares = torch.linalg.solve(gram.view(size, size) + torch.eye(size), target).split(sizes)
    read = [
        f.level.read(f.emissions, share, sequences) for f, share in zip(found, shares, strict=True)
    ]
    return torch.stack(read).sum(0)
