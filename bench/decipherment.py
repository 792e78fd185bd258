"""How well one variant is deciphered from independent inputs.

Run `python -m bench.decipherment mirror [seed]` after `make repro`, from the project's root. Of
each world another half of the training episodes is read. Only this file knows which frames
correspond.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

from mwm.decipherment.decipher import decipher
from mwm.io.frames import read_frames
from mwm.models.codes import encode, half
from mwm.models.model import load
from mwm.settings import params
from mwm.settings.base import ORIGINAL

RUNS, WORLDS = Path("runs"), Path("data/worlds")


def main() -> None:
    p = params.load()
    torch.set_num_threads(1)  # of a product, as in the stage
    variant = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    contents = {w: read_frames(WORLDS / f"{w}.h5", "world") for w in (ORIGINAL, variant)}
    visions = {world: load(RUNS / "see" / world).vision(world) for world in contents}
    original, other = (
        half(visions[world], content, place)
        for place, (world, content) in enumerate(contents.items())
    )
    started = time.perf_counter()
    settings = (p.train.decipher.states, p.train.decipher.restarts, seed)
    done = decipher(original, other, *settings, threads=p.train.run.threads)
    print(f"{variant}, seed {seed}: {time.perf_counter() - started:.0f} s")
    for name, found in done.found.items():
        levels = "  ".join(f"{best:.2f}" for best, *_ in found.scores)
        print(f"  {name}: held-out nats per step, level by level: {levels}")
    content = contents[ORIGINAL]
    whole = encode(visions[ORIGINAL], content, content.episodes("train"))
    latents = done.latents
    truth = whole.z * whole.scale + whole.centre
    order = [whole.dimensions.tolist().index(d) for d in latents.dimensions]
    truth = truth[np.searchsorted(whole.frames, latents.frames)][:, order]
    errors = (torch.from_numpy(latents.values) - truth).square().mean(0)
    shares = " ".join(f"{share:.2f}" for share in 1 - errors / truth.var(0))
    print(f"  variance of the original's latents explained, by dimension: {shares}")


if __name__ == "__main__":
    main()
