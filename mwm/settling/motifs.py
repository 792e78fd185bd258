"""Motifs that come again: read by how often each of them does, in one world and the other.

A chain may read a whole flight a third of a step ahead. In Pong all serves of a kind take the same
way, but they start at one of five fractions of a step, and one is taken for the next: nothing that
happens in a flight speaks against that. But each comes hundreds of times, equally often in both
worlds, and if all are read a third of a step ahead, the last has none to be taken for. So frames
are sorted into *motifs* by the rare pixels that they show, and those of one world are matched with
those of the other by what they say and by how often they come.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from mwm.decipherment.clusters import means
from mwm.settling.sums import Sums

RARE = 0.03  # largest share of frames in which a pixel differs from the background, if it counts
LEAST = 20  # frames of a motif
BLUR = 0.5  # of the match, in squared distances by what a motif leaves open
UNMATCHED = 20.0  # by such distances: what it costs to match a motif more or less often than it is
MATCHED = 0.3  # least share of a motif that is matched, or else it has none in the original
ITERATIONS = 300
TINY = 1e-4  # variance that a motif leaves open at least, of codes with a variance of about 1


class Motifs(NamedTuple):
    """A world's frames by motifs.

    Attributes:
        of: (n,) int64, the motif of each frame, -1 if it shows none that comes LEAST times.
        shares: (k,) float64, of all frames.
    """

    of: Tensor
    shares: Tensor

    def read(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """What each says, and what it leaves open: mean and variance (k, d) of codes z (n, d)."""
        shown, count = self.of >= 0, len(self.shares)
        of, z = self.of[shown], z[shown]
        mean = means(of, z, count)
        return mean, means(of, (z - mean[of]).square(), count)


def sort(sums: Sums) -> Motifs:
    """The motifs of a world."""
    kinds = sums.alike(RARE)
    shown = kinds >= 0
    counts = torch.bincount(kinds[shown])
    often = counts >= LEAST
    number = torch.where(often, often.cumsum(0) - 1, -1)
    of = torch.full_like(kinds, -1)
    of[shown] = number[kinds[shown]]
    return Motifs(of, counts[often].double() / len(kinds))


def change(original: Motifs, right: Tensor, other: Motifs, z: Tensor) -> Tensor:
    """By how much codes z (n, d) have to change for motifs to say what they say in the original.

    Args:
        original: its motifs.
        right: (m, d), codes of its frames.
        other: another world's motifs.
        z: codes of that world's frames. They stay where no motif is known, or it is matched with
            none.
    """
    changed = torch.zeros_like(z)
    if not len(original.shares) or not len(other.shares):
        return changed
    (said, open_here), (read, open_there) = original.read(right), other.read(z)
    scale = (torch.cat([open_here, open_there]).mean(0) + TINY).rsqrt()
    apart = torch.cdist(read * scale, said * scale).square().double()
    shares = match(apart, other.shares, original.shares)
    found = shares.sum(1) > MATCHED * other.shares
    moved = torch.zeros_like(read)
    moved[found] = ((shares[found] @ said.double()) / shares[found].sum(1)[:, None]).float()
    moved[found] -= read[found]
    shown = other.of >= 0
    changed[shown] = moved[other.of[shown]]
    return changed


def match(apart: Tensor, ours: Tensor, theirs: Tensor) -> Tensor:
    """Unbalanced optimal transport (m, k) of shares `ours` (m,) to `theirs` (k,), by its cost.

    Sinkhorn's iterations in logarithms, with sums that may differ from the shares at a price
    (Chizat et al. 2018, arXiv:1607.05816).
    """
    here, there = torch.zeros_like(ours), torch.zeros_like(theirs)
    damped = BLUR * UNMATCHED / (UNMATCHED + BLUR)
    near = -apart / BLUR
    for _ in range(ITERATIONS):
        here = -damped * (near + there / BLUR + theirs.log()).logsumexp(1)
        there = -damped * (near + (here / BLUR + ours.log())[:, None]).logsumexp(0)
    return (near + here[:, None] / BLUR + there / BLUR).exp() * ours[:, None] * theirs
