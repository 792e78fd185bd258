"""A world: bijections applied one after the other, and the pixel map that results."""

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mwm import MwmError, UsageError
from mwm.io import system
from mwm.io.bits import as_array, pack, unpack
from mwm.io.frames import FRAME_BYTES, SIDE, Frames
from mwm.seeding import generator
from mwm.settings.lines import brief
from mwm.worlds.registry import Bijection, Packed, named

BLOCK = 256  # frames at once: temporaries of 128 kB stay in cache, larger ones cost 3 times
Step = str | Mapping[str, Mapping[str, int]]


class World:
    """A world, made from the original by bijections, first to last.

    They are tried on frames of noise when a world is made, so that no world shows anything else.

    Args:
        name: of the world.
        steps: as in params `variants.worlds`, `["transpose", {"permutation": {"seed": 7}}]`;
            none for the original.
        where: what an error calls the place where the steps stand.

    Raises:
        UsageError: a name that is no text, steps that are no list, an unknown kind of bijection, or
            params that it does not take.
        MwmError: a step raises an error, or returns other than (n, 512) uint8; or together they are
            not a permutation of pixels, some of them inverted.
    """

    def __init__(self, name: str, steps: Sequence[Step], where: str = "") -> None:
        if not isinstance(name, str):
            raise UsageError(f"World: expected a name, found {brief(name)}")
        where = where or f"World({name!r})"
        if not isinstance(steps, Sequence) or isinstance(steps, str | bytes):
            one = isinstance(steps, str | Mapping)
            advice = f"; write World({name!r}, [{brief(steps)}])" if one else ""
            raise UsageError(
                f"{where}: expected a list of bijections, found {brief(steps)}{advice}"
            )
        resolved = [_resolve(step, where) for step in steps]
        self.name, self.steps = name, [step for step, _ in resolved]
        self._bijections = [bijection for _, bijection in resolved]
        self._pixel_map, self._inverted = self._probe()

    def __repr__(self) -> str:
        return f"World({self.name!r}, {self.steps!r})"

    def show(self, frames: Any) -> NDArray[Any]:
        """The original's frames as they look in this world.

        Args:
            frames: (..., 64, 64) bool, or (..., 512) uint8 packed; NumPy's or PyTorch's.

        Returns:
            As many in the same form, NumPy's; others, whose change leaves `frames` alone.

        Raises:
            UsageError: frames of another shape or dtype.
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
                block = np.ascontiguousarray(self._applied(step, bijection, block))
                _check_packed(block, count, f"world {self.name!r}: what {step} returns")
            shown[start : start + BLOCK] = block
        return shown

    def _applied(self, step: Step, bijection: Bijection, frames: Packed) -> Packed:
        try:
            return bijection(frames)
        except Exception as error:
            if system.out_of_memory(error):
                raise
            *_, place = traceback.extract_tb(error.__traceback__)
            said = " ".join(str(error).split())
            raise MwmError(
                f"world {self.name!r}: {step} raised {type(error).__name__}: {said} (line "
                f"{place.lineno} of {place.filename}); correct the function"
            ) from error

    def pixels(self) -> tuple[NDArray[np.uint16], Packed]:
        """Where each pixel comes from, and whether its colour is inverted.

        Returns:
            pixel_map (4096,) uint16 and inverted (512,) uint8 packed, as in `mwm.io.frames.Frames`.
        """
        return self._pixel_map.copy(), self._inverted.copy()

    def _probe(self) -> tuple[NDArray[np.uint16], Packed]:
        """What `pixels` returns, as frames tell it.

        Raises:
            MwmError: no such map gives what the bijections make of the frames.
        """
        blank = np.zeros((1, FRAME_BYTES), np.uint8)
        one_hot = np.packbits(np.eye(SIDE * SIDE, dtype=np.uint8), axis=1)
        noise = generator(0, "pixels").integers(0, 256, (64, FRAME_BYTES), dtype=np.uint8)
        probes = np.concatenate([one_hot, noise])
        for frames in (blank, probes):  # a bijection that works in place would change a caller's
            frames.setflags(write=False)
        inverted, shown = self.show(blank)[0], self.show(probes)
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
            UsageError: other content than `Frames`, or another world's.
        """
        if not isinstance(original, Frames):
            raise UsageError(
                f"world {self.name!r}: expected Frames, as of mwm.episodes_of, found "
                f"{brief(original)}; write show(frames) for arrays"
            )
        moved = not np.array_equal(original.pixel_map, np.arange(SIDE * SIDE))
        if moved or np.any(original.inverted):
            world = original.attributes.get("world")  # its pixel map would have to be taken along
            raise UsageError(
                f"world {self.name!r}: expected the original's frames, whose pixels are where they "
                f"were, found those of {world!r}; make it from the original by bijections of both"
            )
        pixel_map, inverted = self.pixels()
        told = {"world": self.name, "bijections": json.dumps(self.steps)}
        return replace(
            original,
            frames=self.show(pack(original.frames)),
            pixel_map=pixel_map,
            inverted=inverted,
            attributes={**original.attributes, **told},
        )


def _resolve(step: Any, where: str) -> tuple[Step, Bijection]:
    """The step as JSON has it, whole numbers being Python's, and what it does."""
    if isinstance(step, str):
        return step, named(step, {}, where)
    if not isinstance(step, Mapping) or len(step) != 1:
        found = ", ".join(map(str, step)) or "none" if isinstance(step, Mapping) else brief(step)
        raise UsageError(
            f"{where}: expected one bijection in each item of the list, found {found}; "
            "give each an item of its own"
        )
    ((kind, params),) = step.items()
    kind = str(kind)
    if isinstance(params, Mapping):
        params = {str(name): _whole(value) for name, value in params.items()}
    return {kind: params}, named(kind, params, where)


def _whole(value: Any) -> Any:
    """NumPy's whole numbers as Python's, which JSON can hold."""
    whole = isinstance(value, np.integer) and not isinstance(value, np.timedelta64)
    return int(value) if whole else value


def _check_packed(frames: Packed, count: int, what: str) -> None:
    if frames.dtype != np.uint8 or frames.shape != (count, FRAME_BYTES):
        found = f"{frames.dtype} {frames.shape}"
        raise MwmError(f"{what}: expected uint8 ({count}, {FRAME_BYTES}), found {found}")
