"""Evaluation of one model on the test episodes."""

from collections.abc import Mapping

import torch

from mwm import seeding
from mwm.evaluation.pairs import Row, judge_pairs
from mwm.evaluation.scenes import check_alike, scene, windows
from mwm.io.frames import Frames
from mwm.models.model import MetaWorldModel
from mwm.settings.evaluate import Evaluate


def evaluate_model(
    name: str, model: MetaWorldModel, contents: Mapping[str, Frames], settings: Evaluate
) -> list[Row]:
    """One row per ordered pair of the model's worlds, on `settings.frames` test frames at most.

    Raises:
        MwmError: the worlds show different plays, or no test episode is long enough.
    """
    check_alike(contents)
    length = settings.length
    starts = windows(next(iter(contents.values())), length, max(1, settings.frames // length))
    scenes = {world: scene(content, starts, length) for world, content in contents.items()}
    order = seeding.generator(settings.seed, "chance").permutation(len(starts) * length)
    return judge_pairs(name, model.eval(), scenes, torch.from_numpy(order))
