"""A small model's page, and a real browser without a network that opens it from the disk."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from browsing import Open, games_of, page_of

from mwm.control import policy
from mwm.control.player import Player, about
from mwm.io.frames import Frames
from mwm.models.encoding import encode
from mwm.models.model import MetaWorldModel, initialise
from mwm.settings.params import Params

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
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
    """Open the page from the disk, in a context of its own without a network.

    A script may run before the page's own. At the end of the test nothing must have been told on
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


@pytest.fixture
def opened(open_page: Open) -> Any:
    """The page, paused, with the reader at the keys."""
    found = open_page()
    found.evaluate("stage.setPlaying(false); stage.driver.set('you')")
    return found
