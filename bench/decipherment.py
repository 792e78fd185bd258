"""How well one variant is deciphered from independent inputs, and whether the search is to blame.

    python -m bench.decipherment transpose [seed] [folder of runs] [folder of worlds]

Run it after `make repro`, from the project's root; it takes five minutes. Of each world another
half of the training episodes is read. Only this file knows which frames correspond: it lets the
finest level also learn from the right emissions. If those score higher than what the search found,
a better search would find better.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from mwm.decipherment import groups, plan
from mwm.decipherment.clusters import nearest
from mwm.decipherment.decipher import decipher
from mwm.decipherment.functions import slow
from mwm.decipherment.learning import normalise
from mwm.decipherment.search import Found
from mwm.io.frames import read_frames
from mwm.models.codes import Codes, encode, half, means_of
from mwm.models.model import load
from mwm.runtime import commands
from mwm.settings import params
from mwm.settings.base import ORIGINAL

ITERATIONS = 5  # of learning from where the search, and the truth, are
FRAMES = 90_000  # that are learned from
app = commands.application(__doc__)


@commands.command(app)
def main(
    variant: Annotated[str, typer.Argument(help="the variant to decipher anew")],
    seed: Annotated[int, typer.Argument(help="seed of the search")] = 0,
    runs: Annotated[Path, typer.Argument(help="folder of trained models")] = Path("runs"),
    worlds: Annotated[Path, typer.Argument(help="folder of worlds")] = Path("data/worlds"),
) -> None:
    """Print the scores of the search and of the truth."""
    p = params.load()
    torch.set_num_threads(1)  # of a product, as in the stage
    contents = {w: read_frames(Path(worlds) / f"{w}.h5", "world") for w in (ORIGINAL, variant)}
    visions = {world: load(Path(runs) / "see" / world).vision(world) for world in contents}
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
    content, vision = contents[ORIGINAL], visions[ORIGINAL]
    whole = encode(vision, content, content.episodes("train"))
    latents = done.latents
    truth = whole.z * whole.scale + whole.centre
    order = [whole.dimensions.tolist().index(d) for d in latents.dimensions]
    truth = truth[np.searchsorted(whole.frames, latents.frames)][:, order]
    errors = (torch.from_numpy(latents.values) - truth).square().mean(0)
    shares = " ".join(f"{share:.2f}" for share in 1 - errors / truth.var(0))
    print(f"  variance of the original's latents explained, by dimension: {shares}")
    seen = means_of(vision, content.frames[other.frames])[0][:, original.dimensions]
    shown = replace(other, z=(seen - original.centre) / original.scale)
    right = right_emissions(done.found["slow"], original, shown, seed)
    found = done.found["slow"]
    for name, emissions in (("the search", found.emissions[:1]), ("the truth", right)):
        observed = found.level.training(FRAMES)
        learned, _ = found.level.learn(emissions, observed, [1.0] * ITERATIONS)
        (score,) = found.level.score(learned)
        print(f"  slow, learned {ITERATIONS} times more from {name}: {score:.4f}")


def right_emissions(found: Found, original: Codes, shown: Codes, seed: int) -> Tensor:
    """Emissions (1, k, m) counted from the original's true state in each frame of the other world.

    Args:
        found: of the slow functions.
        original: its codes.
        shown: what the original's V would make of the other world's frames, were they its own.
        seed: of the search.
    """
    states, symbols = found.level.states, found.level.symbols
    lag, count = plan.SLOW[-1].lag, max(one.functions for one in plan.SLOW)
    functions = slow(original, count, lag, 2, groups.FEATURES, seed)(shown.z)
    functions = functions[:, : plan.SLOW[-1].functions]
    before = (torch.arange(len(functions)) - groups.SLOW_GAP).clamp(min=0)
    both = torch.cat([functions, functions[before]], 1)
    of = nearest(both, states.means(states.functions))
    pairs = of[symbols.at] * symbols.count + symbols.of[symbols.at]
    counts = torch.bincount(pairs, minlength=states.count * symbols.count).float()
    return normalise(counts.view(1, states.count, symbols.count))


if __name__ == "__main__":
    app()
