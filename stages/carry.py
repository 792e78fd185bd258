"""Carry what was deciphered over to plays that others were added to: -> runs/decipher/<run>.

Frames keep their numbers, since what is added comes after them. But by all plays together V may say
more of one thing and less of another than by the first alone, and so the dimensions of its latents
have another order.
"""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Run, Runs

app = commands.application(__doc__)
PARTS = ("latents.h5", "controlled.h5", "own.h5")


@commands.stage(app)
def carry(
    run: Run,
    base: Annotated[Path, typer.Option(help="runs in which it was deciphered by the first plays")],
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """Put what was deciphered in the order of dimensions that all plays give."""
    import numpy as np

    from mwm import ArtefactError
    from mwm.io import files, latents
    from mwm.io.frames import read_frames
    from mwm.models.codes import half
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL

    p = params.load()
    world = params.pick(p.train.runs, run, "train.runs").worlds[1]
    original, other = (read_frames(data / f"{name}.h5", "world") for name in (ORIGINAL, world))
    codes = half(load(runs / "see" / ORIGINAL, p.train.model).vision(ORIGINAL), original, 0)
    dimensions, carried = codes.dimensions.numpy(), {}
    for name in PARTS:
        frames = len((original if name == "own.h5" else other).frames)
        one = latents.load(base / "decipher" / run / name, frames, p.train.model.latent)
        if set(one.dimensions.tolist()) != set(dimensions.tolist()):
            raise ArtefactError(
                f"{base / 'decipher' / run / name}: expected the dimensions "
                f"{sorted(dimensions.tolist())}, which all plays give, found "
                f"{sorted(one.dimensions.tolist())}; train the original's V on the plays in {data}"
            )
        places = np.argsort(one.dimensions)[np.argsort(np.argsort(dimensions))]
        carried[name] = latents.Latents(one.frames, one.values[:, places], dimensions)
    folder = locks.claim_folder(runs / "decipher" / run)
    for name, one in carried.items():
        latents.save(folder / name, one)
    files.copy(base / "decipher" / run / "scores.json", folder / "scores.json")


if __name__ == "__main__":
    app()
