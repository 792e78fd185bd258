"""Models that see through a player's M and another V: that of another world, or another V of it."""

from pathlib import Path

from torch import nn

from mwm import ArtefactError
from mwm.control.player import Player
from mwm.models.model import MetaWorldModel, load


def of_same_anchor(player: Player, folder: Path) -> MetaWorldModel:
    """The model of a run, whose V was aligned with the player's.

    Args:
        player: whose M it must have.
        folder: of the run, "runs/mirror".

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
