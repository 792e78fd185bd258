"""How well one variant is deciphered from independent inputs, against the limit that labels set.

Run `python -m bench.decipherment mirror [seed]` after `make repro`, from the project's root; about
a minute and a half. Of each world another half of the training episodes is read. Only this file
knows which frames correspond: the limit is what the same chain and symbols give if every frame's
state is told.
"""

import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from mwm import params, store
from mwm.decipherment.codes import Codes, encode
from mwm.decipherment.decipher import decipher
from mwm.decipherment.level import Level
from mwm.decipherment.search import score
from mwm.models.model import load
from mwm.training.batches import divide

RUNS, WORLDS = Path("runs"), Path("data/worlds")


def codes(folder: Path, world: str, half: int) -> Codes:
    content = store.read_frames(WORLDS / f"{world}.h5", "world")
    episodes = divide(content.episodes("train"), "independent", half, 2)
    return encode(load(folder).vision(world), content, episodes)


def told(level: Level) -> Tensor:
    """Emissions (1, k, m) counted from the original's states of the other world's own frames."""
    states, symbols = level.states[level.other_at], level.symbols[level.other_at]
    counts = torch.bincount(states * level.m + symbols, minlength=level.k * level.m)
    emissions = counts.view(level.k, level.m) + 1e-3
    return (emissions / emissions.sum(1, keepdim=True))[None]


def explained(guess: Tensor, truth: Tensor) -> str:
    share = 1 - (guess - truth).square().mean(0) / truth.var(0)
    return " ".join(f"{x:5.2f}" for x in share)


def main() -> None:
    p = params.load()
    torch.set_num_threads(p.train.run.threads)
    variant = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    original = codes(RUNS / "anchor", params.ORIGINAL, 0)
    other = codes(RUNS / "see" / variant, variant, 1)
    started = time.perf_counter()
    done = decipher(original, other, seed)
    print(f"{variant}, seed {seed}: {time.perf_counter() - started:.0f} s")
    for name, found in done.found.items():
        limit = score(found.level, told(found.level))[0]
        levels = "  ".join(f"{best:.2f}" for best, *_ in found.scores)
        print(
            f"  {name}: held-out nats per step, level by level: {levels}; states told: {limit:.2f}"
        )
    latents = (done.latents - original.centre) / original.scale
    truth = original.z[done.frames]
    print(f"  variance explained, by latent dimension: {explained(latents, truth)}")


if __name__ == "__main__":
    main()
