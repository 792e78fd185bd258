"""Decipher another world: the original's latents in its frames, from independent inputs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from mwm import MwmError
from mwm.decipherment import plan, worker
from mwm.decipherment.groups import controlled_group, controlled_hints, slow_group
from mwm.decipherment.read import read
from mwm.decipherment.search import TRIES, Found, Resume, always, search
from mwm.decipherment.sources import Hints
from mwm.decipherment.symbols import LENGTH
from mwm.io.latents import Latents
from mwm.models.codes import Codes

LEVELS = len(plan.SLOW) + len(plan.CONTROLLED)


@dataclass(frozen=True)
class Deciphered:
    """What is inferred of the frames of the other world.

    Attributes:
        latents: the original's, as expected there.
        controlled: what the controlled group contributes to them.
        own: what it contributes to the original's latents in its own frames.
        found: what the search of each group found, by its name.
    """

    latents: Latents
    controlled: Latents
    own: Latents
    found: dict[str, Found]

    @property
    def doubts(self) -> list[str]:
        """What is to be said of groups whose best search is less likely than a right one."""
        return [
            f"the best of {TRIES} searches for {name} functions has {one.share:.2f} of the score "
            f"to expect, a right one {one.enough} or more; if the run's worlds do not align, try "
            "another train.run.seed"
            for name, one in self.found.items()
            if one.share < one.enough
        ]


def decipher(
    original: Codes,
    other: Codes,
    states: int,
    restarts: int,
    seed: int,
    advance: Callable[[], object] = lambda: None,
    resume: Resume = always,
    threads: int = 1,
) -> Deciphered:
    """Infer the state of `original` in each frame of `other`; no pair of frames is ever seen.

    The controlled functions are searched first, or at the same time as the first levels of the
    slow ones; what they found gives hints to the slow ones. Latents are the sum of what the states
    of both groups contribute.

    Args:
        original: codes of the original's episodes.
        other: codes of the other world's episodes, none of them the same.
        states: of the original at the finest level.
        restarts: random starts of the slow group.
        seed: of starts and samples.
        advance: called after each of LEVELS levels.
        resume: returns what the search of a level returns, or returned before an interruption
            (`search.search`).
        threads: processes that work at once; any number finds the same.

    Raises:
        MwmError: the episodes of one world or the other are too short or too few, or all their
            actions are the same.
    """
    for codes in (original, other):
        _check(codes)
    with worker.started(threads) as workers:
        controlled = workers.submit(
            partial(_search_controlled, original, other, states, seed, resume)
        )

        @cache
        def hints() -> Hints:
            found = controlled_hints(original, other, controlled(), seed)
            for _ in plan.CONTROLLED:
                advance()
            return found

        group = slow_group(original, other, plan.SLOW, states, restarts, seed, hints)
        slow = search(group, seed, advance, resume, workers)
        acts = controlled()
    found = {"controlled": acts, group.name: slow}
    return Deciphered(*read(original, other, acts, slow), found)


def nothing() -> Deciphered:
    """The result where no world needs to be deciphered: no frames, no levels."""
    none = np.zeros(0, np.int64)
    latents = Latents(none, np.zeros((0, 0), np.float32), none)
    return Deciphered(latents, latents, latents, {})


def _check(codes: Codes) -> None:
    longest = int(np.diff(codes.spans).max())
    expected = LENGTH + max(one.lag for one in plan.SLOW)
    if longest < expected:
        raise MwmError(
            f"train.run.inputs: independent: expected an episode of {expected} frames or more, "
            f"found the longest of {longest}; raise collect.max_steps"
        )
    if len(codes.sequences(LENGTH, 1)) < 2:  # one to learn from, another to judge by
        raise MwmError(
            f"train.run.inputs: independent: expected two sequences of {LENGTH} frames or more in "
            "each world's episodes, found one; raise collect.episodes"
        )
    if int(codes.actions.min()) == int(codes.actions.max()):
        raise MwmError(
            "train.run.inputs: independent: expected different actions in each world's episodes, "
            "found one; what actions decide tells worlds' frames apart; raise collect.episodes"
        )


def _search_controlled(
    original: Codes, other: Codes, states: int, seed: int, resume: Resume
) -> Found:
    return search(
        controlled_group(original, other, plan.CONTROLLED, states, seed), seed, resume=resume
    )
