"""Refine deciphered latents by the V that learned from them: its codes are about right by now."""

from collections.abc import Callable

import torch
from torch import Tensor

from mwm.decipherment import plan
from mwm.decipherment.clusters import means
from mwm.decipherment.codes import Codes
from mwm.decipherment.groups import controlled_group, controlled_hints, slow_group
from mwm.decipherment.learning import learn
from mwm.decipherment.level import Level
from mwm.decipherment.read import read
from mwm.decipherment.search import Found, Group
from mwm.decipherment.sources import Hints, Original
from mwm.io.latents import Latents

ITERATIONS = 3  # of expectation-maximisation: more change little
UNLIKELY = 1e-6  # chance of a symbol that looks like another state, beside the likely ones


def refine(
    original: Codes,
    other: Codes,
    states: int,
    seed: int,
    advance: Callable[[], object] = lambda: None,
) -> Latents:
    """The original's latents in the frames of another world whose codes are nearly the original's.

    V made one code of what was deciphered of many alike frames, so its codes err less than those
    did; yet it cannot see whether a code fits the ones before and after it. A chain can, and with
    codes in common it needs no search: the functions of the original are functions of the other
    world's codes as well, and symbols are emitted by the states that look like them.

    Args:
        original: codes of the original's episodes.
        other: codes of the other world's, standardised like those (`codes.encode`).
        states: of the original.
        seed: of clusters and samples.
        advance: called after each of two groups of functions.
    """
    moved = _found(
        controlled_group(original, other, plan.CONTROLLED[-1:], states, seed, shared=True), seed
    )
    advance()
    hints = controlled_hints(original, other, moved, seed)
    group = slow_group(original, other, [plan.REFINED], states, 0, seed, shared=True)
    rest = _found(group, seed, hints)
    advance()
    return read(original, other, [moved, rest])


def _found(group: Group, seed: int, hints: Hints | None = None) -> Found:
    """Learn the emissions of a group's only level, from those that looks suggest."""
    (step,) = group.steps
    level = Level(step.scale, step.original, group.other, seed, hints)
    observed = level.symbols.observe(level.symbols.sequences)
    emissions = _by_looks(level, step.original)
    emissions, _ = learn(level.states.chain, emissions, observed, [1.0] * ITERATIONS)
    return Found(level, emissions, [])


def _by_looks(level: Level, original: Original) -> Tensor:
    """Emissions (1, k, m) by how near the views of states and symbols are."""
    states, symbols = level.states, level.symbols
    views = original.view_functions[:, : symbols.functions.shape[1]]
    look = states.means(views)
    error = (views[states.at] - look[states.of[states.at]]).square().sum(1).mean()
    seen = means(symbols.of[symbols.at], symbols.functions[symbols.at], symbols.count)
    distance = torch.cdist(look, seen).square()
    near = (-(distance - distance.min(0).values) / (2 * error)).exp()
    count = torch.bincount(symbols.of[symbols.at], minlength=symbols.count).float()
    emissions = near * count + UNLIKELY * count.mean()
    return (emissions / emissions.sum(1, keepdim=True))[None]
