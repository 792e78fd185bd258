"""The two groups of functions, which change independently and so are searched apart."""

from collections.abc import Callable

import torch

from mwm.decipherment import plan
from mwm.decipherment.clusters import cluster, nearest
from mwm.decipherment.codes import Codes
from mwm.decipherment.functions import controlled, slow
from mwm.decipherment.search import Found, Group, Step
from mwm.decipherment.sources import Hints, Original, Other, Scale
from mwm.decipherment.symbols import LENGTH

FEATURES = 1500  # random features of slow functions
VIEWED = 12  # slow functions of single frames
VIEW_LAG = 4  # frames over which those change little
SLOW_GAP, CONTROLLED_GAP = 3, 1  # frames between the two that make a state
ACTION_LAG = 3  # actions that a controlled function responds to
PAUSE = 4  # frames over which controlled functions are to change little
CONTROLLED_RESTARTS = 6  # few, since random starts agree up to signs, which `reverse` tries
HINTS = 12  # number of different hints


def slow_group(
    original: Codes, other: Codes, states: int, restarts: int, seed: int, hints: Callable[[], Hints]
) -> Group:
    """The slow functions, with `states` of the original at the finest level."""
    count = max(one.functions for one in plan.SLOW)
    lags = {one.lag for one in plan.SLOW}
    told_by = {lag: slow(original, count, lag, 2, FEATURES, seed) for lag in lags}
    views, symbols = (
        slow(codes, VIEWED, VIEW_LAG, 1, FEATURES, seed) for codes in (original, other)
    )
    steps = []
    for one in plan.SLOW:
        k = int(one.share * states)
        scale = Scale(k, one.stride * k, one.functions, VIEWED, one.stride)
        read = Original(original, told_by[one.lag], views, SLOW_GAP, actions=False)
        steps.append(Step(one, scale, read))
    return Group("slow", steps, Other(other, symbols), restarts, hints)


def controlled_group(original: Codes, other: Codes, states: int, seed: int) -> Group:
    """The functions that actions decide; `states` as of `slow_group`."""
    ours, theirs = (controlled(codes, ACTION_LAG, PAUSE, seed) for codes in (original, other))
    read = Original(original, ours, ours, CONTROLLED_GAP, actions=True)
    steps = []
    for one in plan.CONTROLLED:
        k = round(one.share * states)
        steps.append(Step(one, Scale(k, k, one.functions, one.functions, one.stride), read))
    return Group("controlled", steps, Other(other, theirs), CONTROLLED_RESTARTS)


def controlled_hints(original: Codes, other: Codes, found: Found, seed: int) -> Hints:
    """Clusters of the latents that the controlled group expects, in both worlds.

    Slow functions show the same things less well, and without hints perhaps with the wrong sign.
    """
    level = found.level
    states = level.states
    ours = states.means(original.z)[states.of]
    sequences = other.sequences(LENGTH, 1)
    theirs = level.expect(found.emissions, original.z, sequences).flatten(0, 1)
    centres = cluster(ours[states.at], HINTS, seed)
    hints = torch.zeros(len(other.z), dtype=torch.int64)
    hints[sequences.flatten()] = nearest(theirs, centres)
    return Hints(nearest(ours, centres), hints, len(centres))
