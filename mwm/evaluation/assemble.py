"""The models to evaluate: runs that share one anchor make one model of many worlds."""

from collections.abc import Iterable
from pathlib import Path

from mwm import ArtefactError
from mwm.models.model import MetaWorldModel, load

ANCHORED = "anchored"  # name of the model that all recruits of one anchor make together


class DifferentAnchorsError(ArtefactError):
    """Runs that do not share V of the original and M: their latents have nothing in common."""


def assemble(folders: Iterable[Path], one_anchor: bool) -> dict[str, MetaWorldModel]:
    """The trained models by name: `anchored` where all keep one anchor, else the run's name.

    Raises:
        MwmError: a run is missing or damaged, or recruits of two different anchors are mixed.
    """
    runs = {folder: load(folder) for folder in folders}
    if not one_anchor:
        return {folder.name: model for folder, model in runs.items()}
    first, anchor = next(iter(runs.items()))
    for folder, model in runs.items():
        if not model.has_anchor_of(anchor):
            raise DifferentAnchorsError(f"{folder}: expected the anchor of {first}, found another")
        if model is not anchor:
            for world in model.worlds[1:]:
                anchor.visions[world] = model.vision(world)
    return {ANCHORED: anchor}


def with_pretrained_visions(model: MetaWorldModel, folder: Path) -> MetaWorldModel:
    """Control: the same M, but every V as pretrained on its own world alone (folder/<world>).

    Raises:
        MwmError: a model is missing or damaged, or of another architecture.
    """
    other = MetaWorldModel(model.config, model.worlds, model.actions)
    other.memory.load_state_dict(model.memory.state_dict())
    for world in model.worlds:
        other.adopt(load(folder / world, model.config))
    return other
