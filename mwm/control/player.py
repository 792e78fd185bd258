"""A player: V of the world that it learned in, M and a policy: all that it takes to play."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from torch import Tensor

from mwm import ArtefactError, UsageError
from mwm.control.policy import Policy
from mwm.io import records
from mwm.io.frames import Frames
from mwm.library import pretrained
from mwm.library.arguments import latents, path_of
from mwm.library.model import TrainedModel, check_model
from mwm.models import weights
from mwm.models.environment import environment
from mwm.models.model import MetaWorldModel
from mwm.settings.base import ORIGINAL, Section
from mwm.settings.control import Control
from mwm.settings.train import Model

WEIGHTS = "player.safetensors"


class About(Section, extra="ignore"):
    """What a player's manifest says of it.

    Attributes:
        actions: of the game.
        model: the architecture of V and M.
        game: Gymnasium id.
        frame_skip: emulated frames per step.
        control: how it learned.
        world: where it learned; whose V encodes.
    """

    kind: Literal["player", "pretrained"] = "player"
    actions: int = Field(ge=1, le=256)
    model: Model
    game: str
    frame_skip: int = Field(ge=1, le=60)
    control: Control
    world: str = ORIGINAL

    @property
    def seen(self) -> int:
        """How many numbers a code has: z, and M's hidden state."""
        return self.model.latent + self.model.memory

    @property
    def setup(self) -> dict[str, Any]:
        """Options of mwm.environments, with which it learned to play."""
        return {
            "game": self.game,
            "frame_skip": self.frame_skip,
            "repeat_action_probability": self.control.stickiness,
            "noop_max": self.control.noops,
            "max_episode_steps": self.control.max_steps,
        }


@dataclass(frozen=True)
class Player:
    """V of one world, M, and a policy that learned in their codes."""

    about: About
    model: MetaWorldModel
    policy: Policy

    def choose(self, codes: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        """The likeliest action for each of the codes (n, size), which `VectorCodes` gives.

        Raises:
            UsageError: another shape or dtype, or a number that is not finite.
        """
        checked = np.require(latents(codes, self.about.seen, "n", "codes"), requirements="W")
        chosen: NDArray[np.int64] = self.policy.best(torch.from_numpy(checked)).numpy()
        return chosen

    def check(self, model: TrainedModel) -> None:
        """Refuse a model whose codes mean nothing to this player: its M is another.

        Raises:
            UsageError: it is of another training, or no model.
        """
        check_model("Player.check", model)
        if not self.remembers_as(model.module):
            raise UsageError(
                "Player.check: expected a model with the player's own M, found another M; load the "
                "models of the training that the player learned with"
            )

    def remembers_as(self, model: MetaWorldModel) -> bool:
        """Whether the model's M has the weights of the player's, so that codes mean the same."""
        mine, other = self.model.memory.state_dict(), model.memory.state_dict()
        return mine.keys() == other.keys() and all(
            torch.equal(value, other[name].cpu()) for name, value in mine.items()
        )


def about(model: MetaWorldModel, content: Frames, settings: Control) -> About:
    """What a player's manifest will say of one that plays with `model` as `content` was played.

    Args:
        model: has V of the world of `content`.
        content: frames of the world in which the player learns.
        settings: params `control`.
    """
    return About(
        actions=model.actions,
        model=model.config,
        game=str(content.attributes["game"]),
        frame_skip=int(content.attributes["frame_skip"]),
        control=settings,
        world=str(content.attributes["world"]),
    )


def save(player: Player, folder: Path, beside: list[str]) -> None:
    """Write player.safetensors and manifest.json into `folder`; same player, same bytes.

    The manifest has checksums of the weights and of the files `beside` them in the folder.
    """
    model, world = _model(player.about), player.about.world
    model.memory.load_state_dict(player.model.memory.state_dict())
    model.vision(world).load_state_dict(player.model.vision(world).state_dict())
    both = weights.join(model.state_dict(), player.policy.state_dict())
    weights.write(folder / WEIGHTS, both)
    manifest = {
        **player.about.model_dump(),
        "environment": environment(torch.device("cpu")),
    }
    records.write_manifest(folder, [WEIGHTS, *beside], manifest)


def load_player(folder: Path | str) -> Player:
    """Read a player; no pickle is involved.

    Args:
        folder: "pretrained": the one that mwm comes with. Or "runs/control", where the stage
            `control` put one.

    Raises:
        UsageError: `folder` is no path, or no folder of a player.
        MwmError: a file is missing or damaged, or it is no player.
    """
    if isinstance(folder, str) and folder == pretrained.NAME:
        return _pretrained(pretrained.FOLDER)
    folder = path_of("mwm.load_player", folder)
    if not os.path.isfile(folder / records.MANIFEST):  # noqa: PTH113 (Path's raises if it is long)
        raise UsageError(
            f"{folder}: expected the folder of a player, such as runs/control, found no "
            f"{records.MANIFEST}; the stage control makes one (`mwm repro control`)"
        )
    content = records.read(folder / records.MANIFEST)
    about = _about(folder / records.MANIFEST, content)
    if about.kind == pretrained.NAME:
        return _pretrained(folder)
    found = weights.read(folder / WEIGHTS)
    with torch.device("meta"):  # shapes alone: a manifest may claim more than there is memory for
        expected = weights.join(_model(about).state_dict(), _policy(about).state_dict())
        weights.check(folder / WEIGHTS, found, expected)
    model, (mine, policy) = _model(about), weights.split(found)
    model.load_state_dict(mine)
    return _made(about, model, policy)


def _pretrained(folder: Path) -> Player:
    model, state, content = pretrained.read(folder)
    about = _about(folder / records.MANIFEST, content)
    with torch.device("meta"):  # as above
        weights.check(folder / pretrained.WEIGHTS, state, _policy(about).state_dict())
    return _made(about, model, state)


def _about(path: Path, content: dict[str, Any]) -> About:
    if "worlds" in content and content.get("kind") != pretrained.NAME:
        raise ArtefactError(
            f"{path}: expected a player's manifest, found that of trained models; write "
            f'mwm.load("{path.parent}")'
        )
    try:
        return About.model_validate(content)
    except ValidationError as error:
        said = " ".join(str(error).split())
        raise ArtefactError(f"{path}: expected a player's manifest, found: {said}") from None


def _model(about: About) -> MetaWorldModel:
    return MetaWorldModel(about.model, [about.world], about.actions)


def _made(about: About, model: MetaWorldModel, state: dict[str, Tensor]) -> Player:
    policy = _policy(about)
    policy.load_state_dict(state)
    return Player(about, model.eval(), policy.eval())


def _policy(about: About) -> Policy:
    return Policy(about.seen, about.actions, about.control.hidden)
