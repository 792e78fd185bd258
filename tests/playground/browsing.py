"""What tests share that look at the page in a browser."""

from collections.abc import Callable, Mapping
from typing import Any

from mwm.control.player import Player
from mwm.io.frames import Frames
from mwm.library.pretrained import rounded
from mwm.models.model import MetaWorldModel
from mwm.playground.opening import opening
from mwm.playground.page import page

Open = Callable[..., Any]  # opens the page, perhaps with options of the browser's


def until(opened: Any, condition: str) -> None:
    """Wait until an expression is true; the page's policy forbids Playwright's own way."""
    for _ in range(200):
        if opened.evaluate(condition):
            return
        opened.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")


def page_of(model: MetaWorldModel, worlds: Mapping[str, Frames], player: Player | None) -> str:
    """The page of a model, with what it starts from chosen as the stage does."""
    return page(model, opening(rounded(model), worlds), player)
