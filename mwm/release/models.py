"""The models that mwm gives to others: all worlds, and the M that they share."""

from collections.abc import Iterable
from pathlib import Path

from mwm.models.model import MetaWorldModel, load


def gather(runs: Path, names: Iterable[str]) -> MetaWorldModel:
    """The anchor with V of every recruit; no run has to be united with it before.

    Args:
        runs: folder of the trained models.
        names: of the runs.

    Raises:
        MwmError: a model is missing or damaged, or of another architecture.
    """
    model = load(runs / "anchor")
    for name in names:
        recruit = load(runs / "recruit" / name, model.config)
        for world in recruit.worlds[1:]:
            model.visions[world] = recruit.vision(world)
    return model.eval()
