"""Open-loop dreams: M fed with its own predictions and the real actions, drawn in all worlds."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from mwm.evaluation.pairs import Row
from mwm.evaluation.scenes import Scene, check_alike, scene, windows
from mwm.io.frames import Frames
from mwm.metrics.objects import position
from mwm.models.encoding import decode, encode_sequences
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import unpack_bits
from mwm.settings.evaluate import Evaluate

STEPS = 25
NUMBERS = ["distance", "found", "copy_distance", "copy_found"]
COLUMNS = ["model", "source", "target", "object", "step", *NUMBERS]


def dreams(
    name: str, model: MetaWorldModel, contents: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """Where objects are drawn 1 to STEPS steps after the last frame that was seen.

    M reads `settings.length` frames, then dreams as many at most. A row per ordered pair of worlds,
    object and step: the median distance of the centroids from the true ones in pixels and the share
    of frames in which the object is found (`pairs.position`), and both for the baseline, a copy of
    the last frame seen.

    Raises:
        MwmError: the worlds show different plays, or no test episode is long enough.
    """
    check_alike(contents)
    seen, steps = settings.length, min(STEPS, settings.length)
    starts = windows(next(iter(contents.values())), seen + steps, max(1, settings.frames // steps))
    scenes = {world: scene(content, starts, seen + steps) for world, content in contents.items()}
    rows = []
    for source, shown in scenes.items():
        dreamt = dream(model.eval(), source, shown.now[:, :seen], shown.actions)
        for target, truth in scenes.items():
            for row in _judged(model, target, truth, dreamt, seen):
                rows.append({"model": name, "source": source, "target": target, **row})
    return rows


@torch.no_grad()
def dream(model: MetaWorldModel, world: str, packed: Tensor, actions: Tensor) -> Tensor:
    """M's means of the frames after those seen, each predicted from the one before it.

    Args:
        model: holds `world`.
        world: whose V encodes.
        packed: (b, seen, 512) uint8.
        actions: (b, seen + steps) int64, the real ones.

    Returns:
        (b, steps, latent).
    """
    seen = packed.shape[1]
    z = encode_sequences(model, world, packed, actions[:, :seen]).code
    for now in range(seen, actions.shape[1]):
        predicted = model.memory(z, actions[:, :now])[0]
        z = torch.cat([z, predicted[:, -1:]], dim=1)
    return z[:, seen:]


def _judged(
    model: MetaWorldModel, target: str, scene: Scene, dreamt: Tensor, seen: int
) -> Iterator[Row]:
    """Position errors by object and step, in the original's pixels."""
    judge = scene.judge
    b, steps = dreamt.shape[:2]
    drawn = judge.on_pixels(decode(model, target, dreamt.flatten(0, 1))).view(b, steps, 64, 64)
    frames = judge.on_pixels(unpack_bits(scene.now[:, seen - 1 :].flatten(0, 1)))
    truth = frames.view(b, steps + 1, 64, 64)
    for name in judge.objects:
        last = judge.box(truth[:, 0], name)
        for step in range(1, steps + 1):
            there = judge.box(truth[:, step], name)
            found = position(judge.box(drawn[:, step - 1], name), there)
            copied = position(last, there)
            numbers = [None if n is None else round(n, 6) for n in (*found, *copied)]
            yield {"object": name, "step": step, **dict(zip(NUMBERS, numbers, strict=True))}
