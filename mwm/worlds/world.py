"""A world: bijections applied one after the other, and the pixel map that results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import MwmError, UsageError
from mwm.io.bits import as_array, pack, unpack
from mwm.io.frames import FRAME_BYTES, SIDE, Frames
from mwm.seeding import generator
from mwm.worlds.registry import Bijection, Packed, named

BLOCK = 256  # frames at once: temporaries of 128 kB stay in cache, larger ones cost 3 times
Step = str | Mapping[str, Mapping[str, int]]


class World:
    """A world, made from the original by bijections, first to last.

    Args:
        name: of the world.
        steps: as in params `variants.worlds`, `["transpose", {"permutation": {"seed": 7}}]`;
            none for the original.
        where: what an error calls the place where the steps stand.

    Raises:
        UsageError: an unknown kind of bijection, or params that it does not take.
    """

    def __init__(self, name: str, steps: Sequence[Step], where: str = "") -> None:
        where = where or f"World({name!r})"
        if isinstance(steps, str | Mapping):
            raise UsageError(
                f"{where}: expected a list of bijections, found {steps!r}; "
                f"write World({name!r}, [{steps!r}])"
            )
        self.name, self.steps = name, list(steps)
        self._bijections = [_resolve(step, where) for step in steps]

    def show(self, frames: Any) -> NDArray[Any]:
        """The original's frames as they look in this world.

        Args:
            frames: (..., 64, 64) bool, or (..., 512) uint8 packed; NumPy's or PyTorch's.

        Returns:
            As many in the same form, NumPy's; others, whose change leaves `frames` alone.

        Raises:
            UsageError: frames of another shape or dtype.
            MwmError: what a bijection makes of them is not (n, 512) uint8.
        """
        packed = pack(frames, f"world {self.name!r}: frames")
        shown = self._show(packed.reshape(-1, FRAME_BYTES)).reshape(packed.shape)
        return unpack(shown) if as_array(frames).dtype == np.bool_ else shown

    def _show(self, frames: Packed) -> Packed:
        """The same for (n, 512) uint8."""
        shown = np.empty(frames.shape, np.uint8)
        for start in range(0, len(frames), BLOCK):
            block = np.ascontiguousarray(frames[start : start + BLOCK])
            count = len(block)
            for step, bijection in zip(self.steps, self._bijections, strict=True):
                block = np.ascontiguousarray(bijection(block))
                _check_packed(block, count, f"world {self.name!r}: what {step} returns")
            shown[start : start + BLOCK] = block
        return shown

    def pixels(self) -> tuple[NDArray[np.uint16], Packed]:
        """Where each pixel comes from, and whether its colour is inverted.

        Returns:
            pixel_map (4096,) uint16 and inverted (512,) uint8 packed, as in `mwm.io.frames.Frames`.

        Raises:
            MwmError: the bijections are not a permutation of pixels, some of them inverted.
        """
        one_hot = np.packbits(np.eye(SIDE * SIDE, dtype=np.uint8), axis=1)
        noise = generator(0, "pixels").integers(0, 256, (64, FRAME_BYTES), dtype=np.uint8)
        probes = np.concatenate([one_hot, noise])
        inverted, shown = self.show(np.zeros((1, FRAME_BYTES), np.uint8))[0], self.show(probes)
        # Frames of one pixel give the map, if there is one; all other frames must agree with it.
        goes_to = np.unpackbits(shown[: SIDE * SIDE] ^ inverted, axis=1).argmax(axis=1)
        pixel_map = np.argsort(goes_to).astype(np.uint16)
        mapped = np.packbits(np.unpackbits(probes, axis=1).take(pixel_map, axis=1), axis=1)
        if not np.array_equal(shown, mapped ^ inverted):
            raise MwmError(
                f"world {self.name!r}: expected bijections that move pixels one to one and may "
                f"invert some; found that {self.steps} do otherwise; correct the function"
            )
        return pixel_map, inverted

    def make(self, original: Frames) -> Frames:
        """The original's content as it is in this world: the same actions, episodes and split.

        Raises:
            MwmError: see `pixels`.
        """
        pixel_map, inverted = self.pixels()
        told = {"world": self.name, "bijections": json.dumps(self.steps)}
        return replace(
            original,
            frames=self.show(original.frames),
            pixel_map=pixel_map,
            inverted=inverted,
            attributes={**original.attributes, **told},
        )


def _resolve(step: Step, where: str) -> Bijection:
    if isinstance(step, str):
        return named(step, {}, where)
    if not isinstance(step, Mapping) or len(step) != 1:
        found = ", ".join(step) or "none" if isinstance(step, Mapping) else repr(step)
        raise UsageError(
            f"{where}: expected one bijection in each item of the list, found {found}; "
            "give each an item of its own"
        )
    ((kind, params),) = step.items()
    return named(kind, params, where)


def _check_packed(frames: Packed, count: int, what: str) -> None:
    if frames.dtype != np.uint8 or frames.shape != (count, FRAME_BYTES):
        found = f"{frames.dtype} {frames.shape}"
        raise MwmError(f"{what}: expected uint8 ({count}, {FRAME_BYTES}), found {found}")
