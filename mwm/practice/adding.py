"""A player's own plays, added to the random ones of a world."""

from dataclasses import replace

import numpy as np

from mwm import UsageError
from mwm.control.look import mask_of
from mwm.control.player import Player
from mwm.io.frames import SPLITS, Frames
from mwm.io.progress import Monitor, silent
from mwm.models.model import MetaWorldModel
from mwm.practice.playing import Plays, practise


def check_played(player: Player, content: Frames, option: str) -> None:
    """Refuse plays that are not of the player's game.

    Args:
        player: who is to play on.
        content: the random plays.
        option: what names them, for the error.

    Raises:
        UsageError: they are of another game or frame skip.
    """
    about = player.about
    played_as = str(content.attributes["game"]), int(content.attributes["frame_skip"])
    if played_as != (about.game, about.frame_skip):
        raise UsageError(
            f"{option}: expected {about.game} with frame skip {about.frame_skip}, which the "
            f"player knows, found {played_as[0]} with {played_as[1]}; collect plays of that"
        )


def with_plays(
    player: Player,
    model: MetaWorldModel,
    content: Frames,
    original: Frames,
    episodes: int,
    seed: int,
    workers: int | None = None,
    monitor: Monitor = silent,
) -> Frames:
    """A world's frames and, after them, what the player did there.

    Args:
        player, model, content, episodes, seed, workers, monitor: as of `practise`.
        original: gives the bats that the player sees, if it learned with the opponent's masked.

    Raises:
        MwmError: a worker failed or died.
    """
    control = player.about.control
    mask = mask_of(control.opponent, original, control.seed)
    played = practise(player, model, content, episodes, seed, mask, workers, monitor)
    return added(content, played)


def added(content: Frames, plays: Plays) -> Frames:
    """A world's frames, and after them the plays as it shows them, as training episodes."""
    ends = content.episode_offsets[-1] + np.cumsum(plays.lengths)
    training = np.full(len(plays.lengths), SPLITS.index("train"), np.uint8)
    return replace(
        content,
        frames=np.concatenate([content.frames, content.show(plays.frames)]),
        actions=np.concatenate([content.actions, plays.actions]),
        episode_offsets=np.concatenate([content.episode_offsets, ends]),
        split=np.concatenate([content.split, training]),
        attributes={**content.attributes, "policy": "random, then a player's"},
    )
