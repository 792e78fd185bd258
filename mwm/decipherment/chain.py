"""Hidden Markov models whose transitions are known and whose emissions are not.

The original's episodes tell how its states follow each other under the actions. What is to be
learned is which symbol of the other world each state emits: the decipherment of a substitution
cipher as maximum likelihood (Knight, Nair, Rathod and Yamada 2006).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from mwm.decipherment.matrix import Matrix

UNSEEN = 0.1  # observations of the average transition that are added to each row of transitions


@dataclass(frozen=True)
class Chain:
    """States of the original and how they follow each other.

    Attributes:
        start: (k,) share of the frames in each state.
        transitions: (a, k, k) chance of the next state by action; a = 1 if actions do not matter.
        hints: (h, k) weight of each hint in each state, or None. A chain with hints ignores the
            actions.
    """

    start: Tensor
    transitions: Tensor
    hints: Tensor | None = None

    @cached_property
    def steps(self) -> list[Matrix]:
        """The transitions of each action, to multiply by."""
        return [Matrix(one) for one in self.transitions]

    @cached_property
    def overall(self) -> Matrix:
        """The transitions averaged over the actions."""
        return Matrix(self.transitions.mean(0))


class Observations(NamedTuple):
    """Sequences of the other world, as a chain sees them.

    Attributes:
        symbols: (n, l) int64.
        context: (n, l) int64, the action taken after each symbol, or the hint that comes with it;
            ignored by a chain that depends on neither.
    """

    symbols: Tensor
    context: Tensor


def count_chain(
    states: Tensor, at: Tensor, stride: int, k: int, taken: tuple[Tensor, int] | None = None
) -> Chain:
    """Count the transitions between states.

    Args:
        states: (n,) int64 below k, of consecutive frames.
        at: frames from which transitions are counted.
        stride: frames per transition.
        k: number of states.
        taken: the actions (n,), int64, after each frame, and how many different ones there may be;
            None if transitions do not depend on them. With actions, a rarely seen row is drawn to
            the row of all actions together.
    """
    now, later = states[at], states[at + stride]
    pairs = torch.bincount(now * k + later, minlength=k * k).view(k, k).float()
    pairs = pairs + UNSEEN / k
    overall = pairs / pairs.sum(1, keepdim=True)
    start = torch.bincount(now, minlength=k).float()
    if taken is None:
        return Chain(start / start.sum(), overall[None])
    actions, kinds = taken
    index = (actions[at] * k + now) * k + later
    by_action = torch.bincount(index, minlength=kinds * k * k).view(kinds, k, k).float()
    by_action = by_action + 2 * overall
    return Chain(start / start.sum(), by_action / by_action.sum(2, keepdim=True))
