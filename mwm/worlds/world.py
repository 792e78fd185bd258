"""A world: bijections applied one after the other, and the pixel map that results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mwm import MwmError, UsageError
from mwm.io.frames import FRAME_BYTES, SIDE, Frames
from mwm.seeding import generator
from mwm.worlds.registry import Bijection, Packed, named

BLOCK = (
    256  # frames transformed at once: 128 kB fit the processor's cache; more take 3 times as long
)
Step = str | Mapping[str, Mapping[str, int]]


class World:
    """A world, made from the original by bijections, first to last.

    `steps` are as in params `variants.worlds`: `["transpose", {"permutation": {"seed": 7}}]`.

    Raises:
        UsageError: an unknown kind of bijection, or params that it does not take.
    """

    def __init__(self, name: str, steps: Sequence[Step]) -> None:
        self.name, self.steps = name, list(steps)
        self._bijections = [_resolve(step, f"variants.worlds.{name}") for step in steps]

    def show(self, frames: Packed) -> Packed:
        """The original's packed frames, (n, 512) uint8, as they look in this world.

        Raises:
            MwmError: `frames`, or what a bijection makes of them, is not (n, 512) uint8.
        """
        _check_packed(frames, len(frames), f"world {self.name!r}")
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
    if len(step) != 1:
        raise UsageError(
            f"{where}: expected one bijection in each item of the list, found "
            f"{', '.join(step) or 'none'}; give each an item of its own"
        )
    ((kind, params),) = step.items()
    return named(kind, params, where)


def _check_packed(frames: Packed, count: int, what: str) -> None:
    if frames.dtype != np.uint8 or frames.shape != (count, FRAME_BYTES):
        found = f"{frames.dtype} {frames.shape}"
        raise MwmError(f"{what}: expected uint8 ({count}, {FRAME_BYTES}), found {found}")
