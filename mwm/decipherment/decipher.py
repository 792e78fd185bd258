"""Expected latents of the original for every frame of another world, from independent inputs."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor

from mwm import MwmError
from mwm.decipherment.beside import helper
from mwm.decipherment.codes import Codes
from mwm.decipherment.functions import controlled, slow
from mwm.decipherment.level import LENGTH, Hints, Scale, cluster, nearest
from mwm.decipherment.search import Found, Group, Remember, at_once, search
from mwm.io.latents import Latents

FUNCTIONS = (4, 6, 10, 16, 16, 16)  # slow functions that tell states apart, level by level
SYMBOLS_FROM = 12  # slow functions that tell symbols apart
COARSE_STRIDE = 2  # steps of the game per step of the coarsest chain of slow functions
CONTROLLED_SHARES = (0.03, 0.1, 0.3)  # of the states asked for, level by level
CONTROLLED_RESTARTS = 6  # starts agree, but for signs: `delays.reverse`
HINTS = 12  # kinds of latents, of what actions decide
LEVELS = len(FUNCTIONS) + len(CONTROLLED_SHARES)
FEATURES = 1500
COARSE_LAG, FINE_LAG = 8, 4  # steps over which slow functions are to last
ACTION_LAG = 3  # actions that a controlled function is to answer to


@dataclass(frozen=True)
class Deciphered:
    """What the original's latent would be in the frames of another world.

    Attributes:
        latents: as they would be.
        found: what each group's search found, by name.
    """

    latents: Latents
    found: dict[str, Found]


def decipher(
    original: Codes,
    other: Codes,
    states: int,
    restarts: int,
    seed: int,
    advance: Callable[[], object] = lambda: None,
    remember: Remember = at_once,
    threads: int = 1,
) -> Deciphered:
    """Find the state of `original` in each frame of `other`; nothing here sees a pair of frames.

    The functions that actions decide and the slow ones are searched apart, since they change
    independently; what the former found hints at the states of the latter. Latents are then the
    sum of what either group's state says of them.

    Args:
        original: codes of the original's episodes, and
        other: of the other world's, none of them the same.
        states: of the original at the finest level; each coarser one has half.
        restarts: random starts of the slow group.
        seed: of starts and samples.
        advance: is called after each of LEVELS levels.
        remember: calls the search of a level, or tells what it found before an interruption.
        threads: that work at once; any number finds the same.

    Raises:
        MwmError: the episodes of one world or the other are too short.
    """
    for codes in (original, other):
        _check(codes)
    find = partial(_search_controlled, original, other, states, seed, remember)
    with helper() if threads > 1 else nullcontext(cache) as beside:
        decided = beside(find)

        @cache
        def hints() -> Hints:
            known = _hints(original, decided(), other, seed)
            for _ in CONTROLLED_SHARES:
                advance()
            return known

        rest = _slow(original, other, states, restarts, seed, hints)
        rested = search(rest, original, other, seed, advance, remember, threads, beside)
        found = {"controlled": decided(), rest.name: rested}
    sequences = other.sequences(LENGTH, 1)
    latents = _latents(original, list(found.values()), sequences).flatten(0, 1)
    latents = latents * original.scale + original.centre
    known = Latents(
        other.frames[sequences.flatten().numpy()], latents.numpy(), original.dimensions.numpy()
    )
    return Deciphered(known, found)


def nothing() -> Deciphered:
    """What there is to tell where frames correspond."""
    none = np.zeros(0, np.int64)
    return Deciphered(Latents(none, np.zeros((0, 0), np.float32), none), {})


def _check(codes: Codes) -> None:
    longest = int(np.diff(codes.spans).max())
    if longest < LENGTH + COARSE_LAG:
        raise MwmError(
            f"train.run.inputs: independent: expected an episode of {LENGTH + COARSE_LAG} frames "
            f"or more, found the longest of {longest}; raise collect.max_steps"
        )


def _slow(
    original: Codes, other: Codes, states: int, restarts: int, seed: int, hints: Callable[[], Hints]
) -> Group:
    levels = len(FUNCTIONS)
    sizes = [states >> (levels - 1 - level) for level in range(levels)]
    lags = (COARSE_LAG, *[FINE_LAG] * (levels - 1))
    states_from = {lag: slow(original, FUNCTIONS[-1], lag, 2, FEATURES, seed) for lag in set(lags)}
    views_from, symbols_from = (
        slow(codes, SYMBOLS_FROM, FINE_LAG, 1, FEATURES, seed) for codes in (original, other)
    )
    fine = [
        Scale(k, k, count, SYMBOLS_FROM) for k, count in zip(sizes[1:], FUNCTIONS[1:], strict=True)
    ]
    return Group(
        "slow",
        [states_from[lag] for lag in lags],
        views_from,
        symbols_from,
        [Scale(sizes[0], 2 * sizes[0], FUNCTIONS[0], SYMBOLS_FROM, COARSE_STRIDE), *fine],
        gap=3,
        actions=False,
        restarts=restarts,
        hints=hints,
    )


def _search_controlled(
    original: Codes, other: Codes, states: int, seed: int, remember: Remember
) -> Found:
    group = _controlled(original, other, states, seed)
    return search(group, original, other, seed, remember=remember)


def _controlled(original: Codes, other: Codes, states: int, seed: int) -> Group:
    ours, theirs = (controlled(codes, ACTION_LAG, FINE_LAG, seed) for codes in (original, other))
    levels = len(CONTROLLED_SHARES)
    sizes = [round(share * states) for share in CONTROLLED_SHARES]
    return Group(
        "controlled",
        [ours] * levels,
        ours,
        theirs,
        [Scale(k, k, ours.shape[1], theirs.shape[1]) for k in sizes],
        gap=1,
        actions=True,
        restarts=CONTROLLED_RESTARTS,
    )


def _hints(original: Codes, found: Found, other: Codes, seed: int) -> Hints:
    """What actions decide, as latents tell it: of `original`, and as deciphered of `other`.

    Slow functions tell it, too, less well: without hints they may tell it upside down.
    """
    level = found.level
    ours = level.means(original.z)[level.states]
    sequences = other.sequences(LENGTH, 1)
    theirs = level.expect(found.emissions, original.z, sequences).flatten(0, 1)
    places = cluster(ours[level.original_at], HINTS, seed)
    hints = torch.zeros(len(other.z), dtype=torch.int64)
    hints[sequences.flatten()] = nearest(theirs, places)
    return Hints(nearest(ours, places), hints, len(places))


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
