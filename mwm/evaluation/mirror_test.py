"""The mirror test: which object do the agent's actions move, according to the model alone?"""

from collections.abc import Mapping

import torch
from torch import Tensor

from mwm.evaluation.pairs import Row
from mwm.evaluation.scenes import Scene, scene, windows
from mwm.io.frames import SIDE, Frames
from mwm.models.encoding import decode, encode_sequences
from mwm.models.model import MetaWorldModel
from mwm.settings.evaluate import Evaluate

COLUMNS = ["model", "world", "object", "frames", "moved", "marked"]


def mirror_test(
    name: str, model: MetaWorldModel, contents: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """One row per world and object: how often the object is the one that answers to the actions.

    After `settings.length` test frames M predicts the next latent under every action, and the
    world's V draws each. A pixel moves by as much as its probability differs between actions.

    Columns: `frames`, the sequences; `moved`, the sum over the object's pixels, mean over frames;
    `marked`, the share of frames in which no other object moves as much.

    Raises:
        MwmError: no test episode is long enough.
    """
    rows = []
    for world, content in contents.items():
        starts = windows(content, settings.length, settings.frames)
        shown = scene(content, starts, settings.length)
        place = torch.from_numpy(content.pixel_map.astype("int64")).argsort()
        answer = answers(model.eval(), world, shown, content.action_count)
        original = answer[:, place].view(-1, SIDE, SIDE)
        moved = {o: shown.judge.box(original, o).sum((1, 2)) for o in shown.judge.objects}
        for o, by in moved.items():
            most = torch.stack([by > other for p, other in moved.items() if p != o]).all(0)
            numbers = {"moved": by.mean().item(), "marked": most.float().mean().item()}
            row = {"model": name, "world": world, "object": o, "frames": len(starts)}
            rows.append(row | {key: round(value, 6) for key, value in numbers.items()})
    return rows


@torch.no_grad()
def answers(model: MetaWorldModel, world: str, shown: Scene, actions: int) -> Tensor:
    """(b, 4096): by how much each pixel's predicted probability differs between actions."""
    code = encode_sequences(model, world, shown.now, shown.actions).code
    pictures = []
    for action in range(actions):
        taken = shown.actions.clone()
        taken[:, -1] = action
        pictures.append(decode(model, world, model.memory(code, taken)[0][:, -1]))
    stacked = torch.stack(pictures)
    return stacked.amax(0) - stacked.amin(0)
