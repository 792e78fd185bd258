"""What pixels show of what the actions decide, read once more: pattern by pattern.

The chain's states are coarse: in half of the frames they tell the place of the agent's bat to a
pixel at best, and what is expected of it is a pixel or two off at some heights. But the pixels that
show the bat make some hundred *patterns*, the same in both worlds. So each becomes a state of a
chain of its own. What was deciphered says roughly which pattern of one world is which of the
other; how they follow each other under the actions says it exactly.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.decipherment.chain import Observations, count_chain
from mwm.decipherment.clusters import cluster, means, nearest
from mwm.decipherment.learning import learn, normalise
from mwm.models.codes import Codes
from mwm.settling.sums import FIRST, Side, Sums

DECIDED = 0.3  # least share of the actions in what a pixel contributes that is to tell patterns
COUNT = 200  # of a world's patterns, at most
TOLD = 0.5  # least share of a pixel's variance between patterns, if they tell whether it is on
ROUGHLY = 4.0  # how far off a pattern may have been read, in distances between neighbours
SEQUENCES, LENGTH = 600, 100  # that are learned from, at most, and frames of each
ITERATIONS = 20
PART = 4000  # frames unpacked at once
TINY = 1e-9
SEED = 0  # of clusters and sequences


@dataclass(frozen=True)
class Patterns:
    """A world's frames by what their pixels show of what the actions decide.

    Attributes:
        codes: of the frames.
        of: (n,) int64, the pattern of each frame.
        centres: (k, d), what patterns say.
        rest: what all other pixels say of the latents; those that a pattern turns on or off are
            held.
    """

    codes: Codes
    of: Tensor
    centres: Tensor
    rest: Sums

    def means(self, x: Tensor) -> Tensor:
        """The mean of a quantity x (n, d) of the frames of each pattern, (k, d)."""
        return means(self.of, x, len(self.centres))


def tell_apart(side: Side) -> Patterns:
    """The patterns of a world's frames: one alone, if actions decide nothing.

    Raises:
        ArtefactError: what was deciphered is not of the side's codes.
    """
    side.check()
    codes, values = side.codes, torch.zeros_like(side.codes.z)
    sums = Sums(codes, side.content, values)
    sums.move(side.z, side.at, FIRST)
    if side.controlled is not None:
        values = sums.split(side.decided, side.at, DECIDED) * codes.precision.sqrt()
    centres = cluster(values, torch.ones(len(values)), COUNT, SEED)
    centres = centres[torch.bincount(nearest(values, centres), minlength=COUNT) > 0]
    of = nearest(values, centres)
    sums.hold(_told(side.content.frames[codes.frames], of, len(centres)))
    return Patterns(codes, of, centres, sums)


def match(original: Patterns, other: Patterns) -> Tensor:
    """The chance (m, k) that each of the other world's m patterns is each of the original's k.

    Expectation-maximisation, as in decipherment, from patterns that say nearly the same.
    """
    kinds = 1 + max(int(one.codes.actions.max()) for one in (original, other))
    k, followed = len(original.centres), original.codes.indices(0, 1)
    chain = count_chain(original.of, followed, 1, k, (original.codes.actions, kinds))
    emissions, _ = learn(chain, _guess(original, other), _observe(other), [1.0] * ITERATIONS)
    chances = (emissions[0] * chain.start[:, None]).T + TINY
    return chances / chances.sum(1, keepdim=True)


def _told(packed: NDArray[np.uint8], of: Tensor, count: int) -> Tensor:
    """(pixels,) bool, those of packed frames that their pattern (n,) turns on or off."""
    on = torch.zeros(count, 8 * packed.shape[1])
    for start in range(0, len(packed), PART):
        bits = np.unpackbits(packed[start : start + PART], axis=1)
        on.index_add_(0, of[start : start + PART], torch.from_numpy(bits).float())
    frames = torch.bincount(of, minlength=count)[:, None]
    share, usual = on / frames, on.sum(0) / len(packed)
    between = (frames * (share - usual).square()).sum(0) / len(packed)
    return between > TOLD * usual * (1 - usual)


def _guess(original: Patterns, other: Patterns) -> Tensor:
    """Emissions (1, k, m) by how near patterns are to each other."""
    apart = torch.cdist(original.centres, original.centres).fill_diagonal_(torch.inf)
    spread = ROUGHLY * apart.min(1).values.median()
    distance = torch.cdist(original.centres, other.centres) / spread
    frames = torch.bincount(other.of, minlength=len(other.centres))
    return normalise(((-0.5 * distance.square()).exp() * frames + TINY)[None])


def _observe(other: Patterns) -> Observations:
    sequences = other.codes.sequences(LENGTH, 1)
    order = torch.randperm(len(sequences), generator=torch.Generator().manual_seed(SEED))
    sequences = sequences[order[:SEQUENCES]]
    return Observations(other.of[sequences], other.codes.actions[sequences])
