"""Open-loop dreams: M reads its own predictions and the real actions; all worlds decode them."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from mwm.evaluation.pairs import CPU, Row
from mwm.evaluation.selection import check_alike, windows
from mwm.io.frames import SIDE, Frames
from mwm.metrics.errors import rounded
from mwm.metrics.objects import OriginalView, position
from mwm.models.encoding import decode, dream, sequences
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import unpack_bits
from mwm.settings.evaluate import DREAM, Evaluate

NUMBERS = ["distance", "found", "copy_distance", "copy_found"]
COLUMNS = ["model", "source", "target", "object", "step", *NUMBERS]


def dreams(
    name: str, model: MetaWorldModel, worlds: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """Where objects are decoded 1 to DREAM steps after the last frame that was seen.

    M reads `settings.length` frames, then dreams as many at most. A row per ordered pair of worlds,
    object and step: the median distance of the centroids from the true ones in pixels and the share
    of frames in which the object is found (`objects.position`), and both for the baseline, a copy
    of the last frame seen.

    Raises:
        MwmError: the worlds show different plays, or no test episode is long enough.
    """
    check_alike(worlds)
    model.eval()
    seen, steps = settings.length, min(DREAM, settings.length)
    starts = windows(next(iter(worlds.values())), seen + steps, max(1, settings.frames // steps))
    tests = {world: sequences(frames, starts, seen + steps) for world, frames in worlds.items()}
    views = {world: OriginalView(frames, CPU) for world, frames in worlds.items()}
    truths = {
        world: _truth(tests[world].frames[:, seen - 1 : -1], view) for world, view in views.items()
    }
    rows = []
    for source, test in tests.items():
        latents = dream(model, source, test.frames[:, :seen], test.actions)
        for target, view in views.items():
            decoded = view.binary(decode(model, target, latents.flatten(0, 1)))
            pixels = decoded.view(*latents.shape[:2], SIDE, SIDE)
            for row in _positions(view, pixels, truths[target]):
                rows.append({"model": name, "source": source, "target": target, **row})
    return rows


def _truth(packed: Tensor, view: OriginalView) -> Tensor:
    """Frames (b, t, 512) uint8 as the original shows them, (b, t, 64, 64) bool."""
    frames = view.binary(unpack_bits(packed.flatten(0, 1)))
    return frames.view(*packed.shape[:2], SIDE, SIDE)


def _positions(view: OriginalView, decoded: Tensor, truth: Tensor) -> Iterator[Row]:
    """Position errors by object and step, of decoded frames (b, steps, 64, 64) bool.

    `truth` is (b, steps + 1, 64, 64): its first frame is the last that was seen.
    """
    for name in view.objects:
        last = view.crop(truth[:, 0], name)
        for step in range(1, decoded.shape[1] + 1):
            there = view.crop(truth[:, step], name)
            found = position(view.crop(decoded[:, step - 1], name), there)
            numbers = dict(zip(NUMBERS, (*found, *position(last, there)), strict=True))
            yield {"object": name, "step": step, **rounded(numbers)}
