"""A small model's page, and a real browser without a network that opens it from the disk."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from browsing import Open, games_of, page_of, paused, visiting

from bench.playground import BROWSERS
from mwm.control import policy
from mwm.control.player import Player, about
from mwm.io.frames import Frames
from mwm.models.encoding import encode
from mwm.models.model import MetaWorldModel, initialise
from mwm.settings.params import Params

NEEDED = os.environ.get("CI") == "true"  # there a browser that is missing is a failure
QUIET = 3  # a dimension of the latent that is not read, as if V said next to nothing by it
SMALL = {"latent": 8, "hidden": 24, "rank": 3, "memory": 20}


@pytest.fixture(scope="session")
def model(defaults: Params, contents: dict[str, Frames]) -> MetaWorldModel:
    """Vs and an M that know nothing, but draw different pictures of different latents."""
    config = defaults.train.model.model_copy(update=SMALL)
    made = initialise(config, contents, 6, seed=0).eval()
    for world, frames in contents.items():
        made.vision(world).calibrate(torch.from_numpy(frames.frames[:200]))
    with torch.no_grad():
        for name, weights in made.named_parameters():
            if "decoder" in name or "embedding" in name:
                weights.mul_(4)
    seen = torch.from_numpy(contents["original"].frames[:200])
    made.memory.calibrate(encode(made.vision("original"), seen)[0])
    made.memory.spread[QUIET] = 0.0
    return made


@pytest.fixture(scope="session")
def player(model: MetaWorldModel, contents: dict[str, Frames], defaults: Params) -> Player:
    """One that was never trained."""
    size = model.config.latent + model.config.memory
    told = about(model, contents["original"], defaults.control)
    novice = policy.initialise(size, 6, 16, seed=1).eval()
    novice.spread[QUIET] = 0.0
    return Player(told, model, novice)


@pytest.fixture(scope="session")
def text(model: MetaWorldModel, contents: dict[str, Frames], player: Player) -> str:
    """The page of that model."""
    return page_of(model, contents, player, games_of(contents))


@pytest.fixture(scope="session")
def file(text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page on the disk."""
    path = tmp_path_factory.mktemp("page") / "playground.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """An installed Chromium or Chrome, driven by Playwright; nothing is downloaded.

    For a module alone: Playwright keeps an event loop, beside which other tests could have none.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and not NEEDED:
        pytest.skip(f"no browser is installed: {', '.join(BROWSERS)}")
    assert found, "CI: expected an installed browser"
    if not NEEDED:
        pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any, file: Path) -> Iterator[Open]:
    """Opens the page, for this test alone."""
    with visiting(browser, file) as start:
        yield start


@pytest.fixture
def opened(open_page: Open) -> Any:
    """The page, paused, with the reader at the keys."""
    return paused(open_page())
