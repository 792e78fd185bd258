"""How far codes of a variant are from the original's, and a player's frames from V's training.

    python -m bench.novelty
    python -m bench.novelty experiments/runs/joined experiments/runs/plays_1/data/worlds

Run it after `make control`, or after a player of experiments/; it takes a minute. For frames of the
first game that was played in each world, as the player saw them, and of test episodes of random
play, it counts the pixels by which each differs from the nearest frame that the world's V learned
from. And for validation frames, by how many of V's own standard deviations a recruited V's codes
differ from the original's. With independent inputs the original's V learned from other plays, so
that nothing is told of the original.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray

from mwm.control.look import Mask, mask_of
from mwm.control.player import load_player
from mwm.io.film import read_game
from mwm.io.frames import Frames, divide, read_frames
from mwm.metrics.objects import OriginalView
from mwm.models import encoding
from mwm.models.model import load
from mwm.models.visions.base import unpack_bits
from mwm.runtime import commands
from mwm.settings import params
from mwm.settings.base import ORIGINAL

SAMPLED = 200  # frames that are looked at, evenly spread
EVERY = 20  # one of so many validation frames is encoded
BLOCK = 20_000  # training frames compared at once
app = commands.application(__doc__)


@commands.command(app)
def main(
    study: Annotated[Path, typer.Argument(help="folder with params.yaml and runs")] = Path(),
    data: Annotated[Path, typer.Argument(help="worlds that Vs learned from")] = Path("data/worlds"),
) -> None:
    """Print a line per world that the player played in."""
    train = params.load(study / "params.yaml").train
    inputs, runs = train.run.inputs, study / "runs"
    original = read_frames(data / f"{ORIGINAL}.h5", "world")
    control = load_player(runs / "control").about.control
    mask = mask_of(control.opponent, original, control.seed)
    if inputs == "corresponding":
        tests = original.frames[original.indices(original.episodes("test"))]
        tell("random play, test episodes", distances(tests, trained_on(original, inputs, 0)))
        tell("the player in original", distances(*seen(runs, ORIGINAL, original, mask, inputs)))
    for run, of in train.runs.items():
        name = of.worlds[1]
        world = read_frames(data / f"{name}.h5", "world")
        tell(f"the player in {name}", distances(*seen(runs, run, world, mask, inputs)))
        print(f"codes in {name}: {offset(runs / run, original, world):.2f} deviations off")


def seen(
    runs: Path, run: str, world: Frames, mask: Mask | None, inputs: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Packed frames of a game as its player saw them, and those that the world's V learned from."""
    frames = read_game(runs / "transfer" / run / "game.h5").frames
    if mask is not None:  # it knows the original's frames
        view = OriginalView(world, torch.device("cpu"))
        there = view.binary(unpack_bits(torch.from_numpy(frames))).flatten(1).numpy()
        frames = world.show(mask(np.packbits(there, axis=1), np.arange(len(frames))))
    return frames, trained_on(world, inputs, 0 if run == ORIGINAL else 1)


@torch.no_grad()
def offset(folder: Path, original: Frames, world: Frames) -> float:
    """Root mean square, over frames and numbers, of the differences in V's standard deviations."""
    at = original.indices(original.episodes("validation"))[::EVERY]
    model = load(folder)
    source, target = model.worlds
    z, log_variance = encoding.encode(model.vision(source), torch.from_numpy(original.frames[at]))
    other, _ = encoding.encode(model.vision(target), torch.from_numpy(world.frames[at]))
    return float(((other - z) / (0.5 * log_variance).exp()).square().mean().sqrt())


def trained_on(content: Frames, inputs: str, place: int) -> NDArray[np.uint8]:
    """The different frames that V of a world, the original or another, learned from, (n, 512)."""
    episodes = divide(content.episodes("train"), inputs, place, 2)
    frames = content.frames[content.indices(episodes)]
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
