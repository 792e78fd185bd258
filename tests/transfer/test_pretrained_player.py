"""The player that mwm comes with: it plays by what V says of the frame, and by nothing else."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import torch

import mwm
from mwm.control.games import environments
from mwm.control.look import Look
from mwm.control.player import Player
from mwm.environments.vector import VectorGameEnv
from mwm.models.model import MetaWorldModel
from mwm.transfer.pairs import Mapped
from mwm.transfer.scoring import Score, score
from mwm.worlds import World

pytestmark = pytest.mark.slow
GAMES, SEED = 6, 11


@pytest.fixture(scope="module")
def player() -> Player:
    """As the package has it."""
    return mwm.load_player("pretrained")


@pytest.fixture(scope="module")
def envs(player: Player) -> Iterator[VectorGameEnv]:
    """Real games, with the chance of training."""
    with closing(environments(player.about.setup, GAMES, workers=2)) as made:
        yield made


def played(envs: VectorGameEnv, player: Player, model: MetaWorldModel, look: Look) -> Score:
    """Its games by the codes of a model."""
    return score(envs, mwm.TrainedModel(model), look, player.policy.best, SEED)


def test_it_plays_as_well_in_another_world_as_in_the_original(envs, player) -> None:
    """Over 100 games it has 18.3 points in both, with a spread of some 2 points a game."""
    model = mwm.load("pretrained").module
    home = played(envs, player, model, Look("original")).mean
    mirrored = Look("mirror", World("mirror", ["mirror"]).show)
    assert home > 14
    assert played(envs, player, model, mirrored).mean > home - 4


def test_with_the_numbers_of_codes_shuffled_it_plays_as_if_at_random(envs, player) -> None:
    latent = player.about.model.latent
    order = torch.randperm(latent, generator=torch.Generator().manual_seed(0))
    vision = player.model.vision("original")
    shuffled = MetaWorldModel(player.about.model, [], player.about.actions)
    shuffled.memory = player.model.memory
    shuffled.visions["original"] = Mapped(vision, torch.eye(latent)[order], torch.zeros(latent))
    assert played(envs, player, shuffled.eval(), Look("original")).mean < -18
