"""Models that see through a player's M and another V: that of another world, or another V of it."""

from pathlib import Path

from torch import nn

from mwm import ArtefactError
from mwm.control.player import Player
from mwm.models.model import MetaWorldModel, load
from mwm.settings.base import ORIGINAL


def check_anchor(player: Player, model: MetaWorldModel) -> None:
    """Refuse a player that learned in another world than the original, or with other models.

    Raises:
        ArtefactError: its V is not the model's V of the original, or its M another.
    """
    if player.about.world != ORIGINAL or not model.has_anchor_of(player.model):
        raise ArtefactError(
            "runs/control: expected a player that learned with the runs' V of the original and M, "
            "found one of another model; run the stage control anew"
        )


def of_same_anchor(player: Player, folder: Path) -> MetaWorldModel:
    """The model of a run, or of the original, whose Vs were aligned with the player's.

    Args:
        player: whose M it must have.
        folder: of the run, "runs/mirror", or of the original, "runs/anchor".

    Raises:
        MwmError: it is missing or damaged, or its M is another: its codes mean something else.
    """
    model = load(folder, player.about.model)
    if not player.remembers_as(model):
        raise ArtefactError(f"{folder}: expected the player's M, found another")
    return model.eval()


def with_vision(player: Player, world: str, vision: nn.Module) -> MetaWorldModel:
    """The player's M, and a V for `world`."""
    model = MetaWorldModel(player.about.model, [], player.about.actions)
    model.memory = player.model.memory
    model.visions[world] = vision
    return model.eval()
