"""What tests share that look at the page in a browser."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mwm.control.player import Player
from mwm.io.film import Game
from mwm.io.frames import Frames
from mwm.library.pretrained import rounded
from mwm.models.model import MetaWorldModel
from mwm.playground.opening import opening
from mwm.playground.page import page
from mwm.playground.recorded import Recorded

Open = Callable[..., Any]  # opens the page, perhaps with options of the browser's


def until(opened: Any, condition: str) -> None:
    """Wait until an expression is true; the page's policy forbids Playwright's own way."""
    for _ in range(200):
        if opened.evaluate(condition):
            return
        opened.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")


def page_of(
    model: MetaWorldModel,
    worlds: Mapping[str, Frames],
    player: Player | None,
    recorded: Sequence[Recorded] = (),
) -> str:
    """The page of a model, with what it starts from chosen as the stage does."""
    return page(model, opening(rounded(model), worlds, recorded), player)


def games_of(worlds: Mapping[str, Frames]) -> list[Recorded]:
    """As if each world's first frames were a game: two points are lost, then one is won."""
    points = np.repeat([0.0, -1.0, -2.0, -1.0], 10)
    games = [Game(name, frames.frames[:40], points) for name, frames in worlds.items()]
    return [Recorded(game, -float(len(game.world)), 100) for game in games]
