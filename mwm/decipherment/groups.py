"""The two groups of functions, which change independently and so are searched apart."""

from collections.abc import Callable, Sequence
from functools import partial

import torch

from mwm.decipherment.clusters import cluster, nearest
from mwm.decipherment.functions import controlled, slow
from mwm.decipherment.plan import Plan
from mwm.decipherment.search import Found
from mwm.decipherment.sources import Hints, Original, Other, Scale
from mwm.decipherment.symbols import LENGTH
from mwm.decipherment.task import Check, Group, Step
from mwm.models.codes import Codes

FEATURES = 1500  # random features of slow functions
VIEW_LAG = 4  # frames over which those change little
SLOW_GAP, CONTROLLED_GAP = 3, 1  # frames between the two that make a state
ACTION_LAG = 3  # actions that a controlled function responds to
PAUSE = 4  # frames over which controlled functions are to change little
CONTROLLED_RESTARTS = 6  # few, since random starts agree up to signs, which `reverse` tries
HINTS = 12  # number of different hints
SLOW_ENOUGH = 0.9, 0.93  # at the second level and the last; right keys have 0.9 to 1, 0.95 to 1
CONTROLLED_ENOUGH = 0.9  # right keys have 0.94 to 1


def slow_group(
    original: Codes,
    other: Codes,
    plans: Sequence[Plan],
    states: int,
    restarts: int,
    seed: int,
    hints: Callable[[], Hints] | None = None,
) -> Group:
    """The slow functions.

    Args:
        original: codes of the original.
        other: codes of the other world.
        plans: of the levels.
        states: of the original, where a plan's share is 1.
        restarts: random starts of a search.
        seed: of clusters and samples.
        hints: for levels that use them.
    """
    count = max(one.functions for one in plans)
    told_by = {
        lag: slow(original, count, lag, 2, FEATURES, seed)(original.z)
        for lag in {one.lag for one in plans}
    }
    fit = partial(
        slow,
        count=max(one.views for one in plans),
        lag=VIEW_LAG,
        history=1,
        features=FEATURES,
        seed=seed,
    )
    views, symbols = fit(original)(original.z), fit(other)(other.z)
    steps = []
    for one in plans:
        k = int(one.share * states)
        scale = Scale(k, one.stride * k, one.functions, one.views, one.stride)
        read = Original(original, told_by[one.lag], views, SLOW_GAP, actions=0)
        steps.append(Step(one, scale, read))
    checks = [Check(n, enough) for n, enough in zip((2, len(steps)), SLOW_ENOUGH, strict=True)]
    return Group("slow", steps, Other(other, symbols), restarts, hints, checks)


def controlled_group(
    original: Codes,
    other: Codes,
    plans: Sequence[Plan],
    states: int,
    seed: int,
) -> Group:
    """The functions that actions decide; arguments as of `slow_group`."""
    fit = partial(controlled, lag=ACTION_LAG, pause=PAUSE, seed=seed)
    ours, theirs = fit(original)(original.z), fit(other)(other.z)
    kinds = 1 + max(int(codes.actions.max()) for codes in (original, other))
    read = Original(original, ours, ours, CONTROLLED_GAP, actions=kinds)
    steps = []
    for one in plans:
        k = round(one.share * states)
        steps.append(Step(one, Scale(k, k, one.functions, one.functions, one.stride), read))
    # Upside down is nearly as likely at few states: only the last level that is searched tells.
    checks = [Check(sum(bool(one.moves) for one in plans), CONTROLLED_ENOUGH)]
    return Group("controlled", steps, Other(other, theirs), CONTROLLED_RESTARTS, checks=checks)


def controlled_hints(original: Codes, other: Codes, found: Found, seed: int) -> Hints:
    """Clusters of the latents that the controlled group expects, in both worlds.

    Slow functions show the same things less well, and without hints perhaps with the wrong sign.
    """
    level = found.level
    states = level.states
    ours = states.means(original.z)[states.of]
    sequences = other.sequences(LENGTH, 1)
    theirs = level.expect(found.emissions, original.z, sequences).flatten(0, 1)
    centres = cluster(ours[states.at], original.weights[states.at], HINTS, seed)
    hints = torch.zeros(len(other.z), dtype=torch.int64)
    hints[sequences.flatten()] = nearest(theirs, centres)
    return Hints(nearest(ours, centres), hints, len(centres))
