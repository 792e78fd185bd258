"""What tests share that look at the page in a browser."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
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


def paused(opened: Any) -> Any:
    """The page, paused, with the reader at the keys."""
    opened.evaluate("stage.setPlaying(false); stage.driver.set('you')")
    return opened


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


@contextmanager
def visiting(browser: Any, file: Path) -> Iterator[Open]:
    """What opens a page from the disk, in a context of its own without a network.

    A script may run before the page's own. At the end of the block nothing must have been told on
    the console, and nothing asked of a network.
    """
    contexts, faults = [], []

    def start(before: str = "", path: Path = file, **options: Any) -> Any:
        options = {"viewport": {"width": 1280, "height": 900}, "offline": True, **options}
        context = browser.new_context(**options)
        contexts.append(context)
        opened = context.new_page()
        opened.on("console", lambda told: faults.append(f"{told.type}: {told.text}"))
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on(
            "request",
            lambda asked: None if asked.url == path.as_uri() else faults.append(asked.url[:80]),
        )
        if before:
            opened.add_init_script(before)
        opened.goto(path.as_uri())
        opened.wait_for_selector("html[data-ready]")
        return opened

    yield start
    for context in contexts:
        context.close()
    faults = [fault for fault in faults if not fault.startswith("data:,")]
    assert not faults
