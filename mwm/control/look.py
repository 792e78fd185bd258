"""What a player sees: the original's frames, changed or not, as a world shows them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError, seeding
from mwm.io.frames import FRAME_BYTES, SIDE, Frames
from mwm.settings.base import ORIGINAL

Packed = NDArray[np.uint8]
Show = Callable[[Packed], Packed]
OPPONENT = "opponent"
MOST = 50_000  # frames of which the opponent's bat is taken


def shown(frames: Packed) -> Packed:
    """Frames of the original, (n, 512), as they are."""
    return frames


@dataclass(frozen=True)
class Look:
    """How a player sees the game.

    Attributes:
        world: whose V encodes.
        show: the original's packed frames (n, 512) as that V's world shows them.
        mask: changes frames of the original before, given also which game and step each is of.
    """

    world: str
    show: Show = shown
    mask: "Mask | None" = None

    def __call__(self, frames: Packed, offsets: NDArray[np.int64]) -> Packed:
        """Frames (n, 512) of the original as the player sees them.

        Args:
            frames: one of each game.
            offsets: (n,) a number of each frame, by which the mask chooses.
        """
        return self.show(frames if self.mask is None else self.mask(frames, offsets))


class Mask:
    """Frames without the opponent's bat, or with that of other frames, which tells nothing.

    That bat follows the ball, so that a policy can live on it instead of the ball.

    Attributes:
        inside: (512,) uint8, packed: the pixels that the opponent may be at.
        bats: (n, 512) uint8, packed: what it puts there, by number.
    """

    def __init__(self, kind: str, original: Frames, seed: int) -> None:
        """Gather bats of training frames.

        Args:
            kind: "foreign" or "erased", as params `control.opponent`.
            original: the original's frames, of which those of training episodes are used.
            seed: of the order of these.

        Raises:
            UsageError: the game has no opponent.
        """
        objects = json.loads(str(original.attributes["objects"]))
        if OPPONENT not in objects:
            raise UsageError(
                f"params.yaml: control.opponent: expected shown, as {original.attributes['game']} "
                f"has no object {OPPONENT!r} in games.yaml, found {kind}"
            )
        top, left, bottom, right = objects[OPPONENT]
        inside = np.zeros((SIDE, SIDE), np.bool_)
        inside[top:bottom, left:right] = True
        self.inside = np.packbits(inside.reshape(-1))
        self.bats = np.zeros((1, FRAME_BYTES), np.uint8)
        if kind == "foreign":
            usable = original.indices(original.episodes("train", ORIGINAL))
            chosen = seeding.generator(seed, "control", "bats").permutation(usable)[:MOST]
            self.bats = original.frames[chosen] & self.inside

    def __call__(self, frames: Packed, offsets: NDArray[np.int64]) -> Packed:
        """Frames (n, 512) of the original with the bats that `offsets` (n,) choose."""
        bats: Any = self.bats[offsets % len(self.bats)]
        changed: Packed = (frames & ~self.inside) | bats
        return changed


def mask_of(kind: str, original: Frames, seed: int) -> Mask | None:
    """The mask of params `control.opponent`; none if the opponent is shown.

    Raises:
        UsageError: the game has no opponent.
    """
    return None if kind == "shown" else Mask(kind, original, seed)
