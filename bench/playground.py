"""A step of the playground, all worlds, by its scripts in a browser and by PyTorch.

    python -m bench playground

It is M's prediction, a picture in every world, and what each world reads in its own picture. The
step itself is timed, since not every browser without a window draws frames of animation. Needs an
installed Chromium or Chrome, and Playwright.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

import mwm
from bench.table import OURS, Row, measured, seconds
from mwm.io.bits import pack
from mwm.io.frames import SIDE
from mwm.library import pretrained
from mwm.models import encoding
from mwm.models.model import MetaWorldModel
from mwm.playground.opening import read
from mwm.playground.page import page

STEPS, ROUNDS = 60, 5
MOST = 8.0  # ms: eight of the 67 that a step of the game lasts
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
STEP = """(steps) => {
  stage.setPlaying(false);
  const start = performance.now();
  for (let step = 0; step < steps; step += 1) {
    stage.dream.step(0);
    stage.dream.draw();
    stage.dream.strangeness();
  }
  return (performance.now() - start) / steps;
}"""


def rows() -> list[Row]:
    torch.set_num_threads(1)
    model, _, _ = pretrained.read()
    model.eval()
    with _opened(model) as opened:
        if opened is None:
            print(
                "bench: playground: left out, for want of a browser or Playwright", file=sys.stderr
            )
            return []
        contenders: dict[str, Callable[[], float] | None] = {
            OURS: lambda: float(opened.evaluate(STEP, STEPS)),
            "PyTorch": seconds(_steps_of(model), scale=1e3 / STEPS),
        }
        figures = measured(contenders, ROUNDS)
    name = f"playground, a step of {len(model.worlds)} worlds"
    return [Row(name, "ms", figures, most=MOST)]


@contextmanager
def _opened(model: MetaWorldModel) -> Iterator[Any]:
    """The page in a browser; None where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        yield None
        return
    start = read(pretrained.FOLDER / "plays.h5")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "playground.html"
        path.write_text(page(model, start, mwm.load_player("pretrained")), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.goto(path.as_uri())
        opened.wait_for_selector("html[data-ready]")
        yield opened
        browser.close()


def _steps_of(model: MetaWorldModel) -> Callable[[], None]:
    """The same by the library's functions, from the prior's mean."""

    @torch.inference_mode()
    def steps() -> None:
        z, state = torch.zeros(1, model.config.latent), None
        for _ in range(STEPS):
            z, _, state = model.memory.step(z, torch.zeros(1, dtype=torch.int64), state)
            for world in model.worlds:
                drawn = encoding.decode(model, world, z) > 0.5
                packed = torch.from_numpy(pack(drawn.view(1, SIDE, SIDE).numpy()))
                encoding.encode(model.vision(world), packed)

    return steps
