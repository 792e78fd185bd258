"""What pixels show of what the actions decide, read once more: pattern by pattern.

The chain's states are coarse: in half of the frames they tell the place of the agent's bat to a
pixel at best, and what is expected of it is a pixel or two off at some heights. But the pixels that
show the bat make some hundred *patterns*, the same in both worlds. So each becomes a state of a
chain of its own. What was deciphered says roughly which pattern of one world is which of the
other; how they follow each other under the actions says it exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mwm.decipherment.chain import Observations, count_chain
from mwm.decipherment.clusters import cluster, means, nearest
from mwm.decipherment.learning import learn, normalise
from mwm.models.codes import Codes
from mwm.settling.side import Side
from mwm.settling.sums import FIRST, Sums

DECIDED = 0.3  # least share of the actions in what a pixel contributes that is to tell patterns
COUNT = 200  # of a world's patterns, at most
TOLD = 0.5  # least share of a pixel's variance between patterns, if they tell whether it is on
ROUGHLY = 4.0  # how far off a pattern may have been read, in distances between neighbours
SEQUENCES, LENGTH = 600, 100  # that are learned from, at most, and frames of each
ITERATIONS = 20
TINY = 1e-9  # added to chances, so that none is 0
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

    @property
    def frames(self) -> Tensor:
        """How many frames show each pattern, (k,)."""
        return torch.bincount(self.of, minlength=len(self.centres))

    def means(self, x: Tensor) -> Tensor:
        """The mean of a quantity x (n, d) over the frames of each pattern, (k, d)."""
        return means(self.of, x, len(self.centres))


def tell_apart(side: Side) -> Patterns:
    """The patterns of a world's frames: one alone, if actions decide nothing.

    Raises:
        ArtefactError: what was deciphered is not of the side's codes.
    """
    side.check()
    codes, values = side.codes, torch.zeros_like(side.codes.z)
    sums = Sums(codes, side.content, values)
    known = sums.sample(side.at)
    sums.move(side.z, known, FIRST)
    if side.controlled is not None:
        values = sums.split(side.decided, known, DECIDED) * codes.precision.sqrt()
    centres = cluster(values, torch.ones(len(values)), COUNT, SEED)
    of = nearest(values, centres)
    shown = torch.bincount(of, minlength=COUNT) > 0
    patterns = Patterns(codes, (shown.cumsum(0) - 1)[of], centres[shown], sums)
    sums.hold(_told(patterns))
    return patterns


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


def _told(patterns: Patterns) -> Tensor:
    """(pixels,) bool, those that their frame's pattern turns on or off."""
    differ, frames = patterns.rest.differ(patterns.of), patterns.frames[:, None]
    share, usual = differ / frames, differ.sum(0) / frames.sum()
    between = (frames * (share - usual).square()).sum(0) / frames.sum()
    return between > TOLD * usual * (1 - usual)


def _guess(original: Patterns, other: Patterns) -> Tensor:
    """Emissions (1, k, m) by how near patterns are to each other."""
    apart = torch.cdist(original.centres, original.centres).fill_diagonal_(torch.inf)
    spread = ROUGHLY * apart.min(1).values.median()
    distance = torch.cdist(original.centres, other.centres) / spread
    return normalise(((-0.5 * distance.square()).exp() * other.frames + TINY)[None])


def _observe(other: Patterns) -> Observations:
    sequences = other.codes.sequences(LENGTH, 1)
    order = torch.randperm(len(sequences), generator=torch.Generator().manual_seed(SEED))
    sequences = sequences[order[:SEQUENCES]]
    return Observations(other.of[sequences], other.codes.actions[sequences])
