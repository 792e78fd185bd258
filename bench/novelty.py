"""How far codes of a variant are from the original's, and a player's frames from V's training.

    python -m bench.novelty

Run it after `make control`; it takes a minute. For frames of a recorded game in each world, and of
test episodes of random play, it counts the pixels by which each differs from the nearest training
frame. And for validation frames, by how many of V's own standard deviations a recruited V's codes
differ from the original's.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mwm.io.film import read_game
from mwm.io.frames import Frames, read_frames
from mwm.models import encoding
from mwm.models.model import load
from mwm.runtime import commands
from mwm.settings import params
from mwm.settings.base import ORIGINAL

DATA, TRANSFER = Path("data/worlds"), Path("runs/transfer")
SAMPLED = 200  # frames that are looked at, evenly spread
EVERY = 20  # one of so many validation frames is encoded
BLOCK = 20_000  # training frames compared at once
app = commands.application(__doc__)


@commands.command(app)
def main() -> None:
    """Print a line per world that the player played in."""
    runs = params.load().train.runs
    original = read_frames(DATA / f"{ORIGINAL}.h5", "world")
    tests = original.frames[original.indices(original.episodes("test"))]
    tell("random play, test episodes", distances(tests, trained_on(original)))
    for run, worlds in (
        (ORIGINAL, (ORIGINAL,)),
        *((run, of.worlds[1:]) for run, of in runs.items()),
    ):
        world = read_frames(DATA / f"{worlds[0]}.h5", "world")
        game = read_game(TRANSFER / run / "game.h5")
        tell(f"the player in {game.world}", distances(game.frames, trained_on(world)))
        if run != ORIGINAL:
            print(f"codes in {game.world}: {offset(run, original, world):.2f} deviations off")


@torch.no_grad()
def offset(run: str, original: Frames, world: Frames) -> float:
    """Root mean square, over frames and numbers, of the differences in V's standard deviations."""
    at = original.indices(original.episodes("validation"))[::EVERY]
    model = load(Path("runs") / run)
    source, target = model.worlds
    z, log_variance = encoding.encode(model.vision(source), torch.from_numpy(original.frames[at]))
    other, _ = encoding.encode(model.vision(target), torch.from_numpy(world.frames[at]))
    return float(((other - z) / (0.5 * log_variance).exp()).square().mean().sqrt())


def trained_on(content: Frames) -> NDArray[np.uint8]:
    """The different frames of training episodes, (n, 512)."""
    frames = content.frames[content.indices(content.episodes("train"))]
    whole = np.unique(np.ascontiguousarray(frames).view(f"V{frames.shape[1]}"))
    return whole.view(np.uint8).reshape(-1, frames.shape[1])


def distances(frames: NDArray[np.uint8], known: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Pixels that differ from the nearest known frame, (SAMPLED,)."""
    at = np.linspace(0, len(frames) - 1, min(SAMPLED, len(frames))).astype(np.int64)
    words = np.ascontiguousarray(known).view(np.uint64)
    found = []
    for frame in np.ascontiguousarray(frames[at]).view(np.uint64):
        blocks = (words[start : start + BLOCK] for start in range(0, len(words), BLOCK))
        found.append(min(int(np.bitwise_count(b ^ frame).sum(1).min()) for b in blocks))
    return np.array(found)


def tell(name: str, found: NDArray[np.int64]) -> None:
    """A line of the table."""
    median, most = np.median(found), np.quantile(found, 0.9)
    print(f"{name}: {median:.0f} pixels off in the median, {most:.0f} in one of ten", flush=True)


if __name__ == "__main__":
    app()
