"""The mirror test: which object do the agent's actions move, according to the model alone?"""

from collections.abc import Mapping

import torch
from torch import Tensor

from mwm.evaluation.pairs import CPU, Row
from mwm.evaluation.selection import windows
from mwm.io.frames import Frames
from mwm.metrics.errors import rounded
from mwm.metrics.objects import OriginalView
from mwm.models.encoding import Sequences, decode, encode, sequences
from mwm.models.model import MetaWorldModel
from mwm.settings.evaluate import Evaluate

COLUMNS = ["model", "world", "object", "frames", "moving", "moved", "marked"]
# Pixels that objects move in all where the actions move anything. In one of eight states of Pong
# they do not: the bat is behind the frame's upper edge, or stands still for a step.
MOVES = 1.0


def mirror_test(
    name: str, model: MetaWorldModel, worlds: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """One row per world and object: how often the object is the one that answers to the actions.

    After `settings.length` test frames M predicts the next latent under every action, and the
    world's V decodes each. A pixel moves by as much as its probability differs between actions.

    Columns: `frames`, the sequences; `moving`, those in which objects move by MOVES pixels or more;
    `moved`, the sum over the object's pixels, mean over frames; `marked`, the share of the moving
    frames in which no other object moves as much; None for a single object. A game without objects
    has no row.

    Raises:
        MwmError: no test episode is long enough.
    """
    rows = []
    for world, frames in worlds.items():
        if not (view := OriginalView(frames, CPU)).objects:
            continue
        starts = windows(frames, settings.length, settings.frames)
        test = sequences(frames, starts, settings.length)
        movement = view.reorder(pixel_movement(model.eval(), world, test, frames.action_count))
        moved = {o: view.crop(movement, o).sum((1, 2)) for o in view.objects}
        moving = torch.stack([*moved.values()]).sum(0) >= MOVES
        for o, sums in moved.items():
            most = [sums > other for p, other in moved.items() if p != o]
            marked = None
            if most:
                first = torch.stack(most).all(0) & moving
                marked = first.sum().item() / max(1, moving.sum().item())
            row = {"model": name, "world": world, "object": o, "frames": len(starts)}
            row["moving"] = int(moving.sum())
            numbers = {"moved": sums.mean().item(), "marked": marked}
            rows.append(row | rounded(numbers))
    return rows


@torch.no_grad()
def pixel_movement(model: MetaWorldModel, world: str, test: Sequences, actions: int) -> Tensor:
    """(b, 4096): by how much each pixel's predicted probability differs between last actions."""
    code, _ = encode(model.vision(world), test.now)
    code = code.view(*test.actions.shape, -1)
    before = model.memory.read(code[:, :-1], test.actions[:, :-1])[2]
    predicted = []
    for action in range(actions):
        taken = torch.full_like(test.actions[:, -1], action)
        mean, _, _ = model.memory.step(code[:, -1], taken, before)
        predicted.append(decode(model, world, mean))
    probabilities = torch.stack(predicted)
    return probabilities.amax(0) - probabilities.amin(0)
