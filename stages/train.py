"""Train by acts: params `train`, data/worlds/*.h5 -> runs/see/<world>, runs/anchor, runs/<run>.

`see` trains one world's V alone, `anchor` the original's V and M, `recruit` one more V against the
frozen anchor. With `train.run.schedule: joint` the first two only initialise, and `recruit` trains
all worlds of the run at once, as the paper does.
"""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)

Data = Annotated[Path, typer.Option(help="folder of the worlds, <world>.h5")]
Runs = Annotated[Path, typer.Option(help="folder of the trained models")]
DATA, RUNS = Path("data/worlds"), Path("runs")


@commands.stage(app)
def see(
    world: Annotated[str, typer.Argument(help="a world of params' variants.worlds")],
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """One world's V alone, on random frames -> runs/see/<world>."""
    from mwm.io.frames import read_frames
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf, speed
    from mwm.settings import params
    from mwm.training.run import keep
    from mwm.training.schedule import Trainer

    p = params.load()
    params.check_name(world, "WORLD")
    trainer = Trainer.open(p.train.run, p.train.model, p.train.batch, shelf(), Progress)
    content = read_frames(data / f"{world}.h5", "world")
    locks.claim_folder(runs / "see" / world)
    keep(
        runs / "see" / world,
        *trainer.see(world, content, p.train.see),
        p.train.run,
        p.train.see,
        speed("see", world),
    )


@commands.stage(app)
def anchor(data: Data = DATA, runs: Runs = RUNS) -> None:
    """The original's V and M, by alternating phases -> runs/anchor."""
    from mwm.io.frames import read_frames
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf, speed
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL
    from mwm.training.run import keep
    from mwm.training.schedule import Trainer

    p = params.load()
    trainer = Trainer.open(p.train.run, p.train.model, p.train.batch, shelf(), Progress)
    content = read_frames(data / f"{ORIGINAL}.h5", "world")
    seen = load(runs / "see" / ORIGINAL, p.train.model)
    locks.claim_folder(runs / "anchor")
    trained = trainer.anchor(seen, content, p.train.anchor, p.train.record)
    keep(runs / "anchor", *trained, p.train.run, p.train.anchor, speed("anchor"))


@commands.stage(app)
def recruit(
    run: Annotated[str, typer.Argument(help="a run of params' train.runs")],
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """One more world's V against the frozen anchor (joint: all worlds at once) -> runs/<run>."""
    from mwm.io import latents
    from mwm.io.frames import read_frames
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf, speed
    from mwm.settings import params
    from mwm.training.run import keep
    from mwm.training.schedule import Trainer

    p = params.load()
    worlds = params.pick(p.train.runs, run, "train.runs").worlds
    trainer = Trainer.open(p.train.run, p.train.model, p.train.batch, shelf(), Progress)
    contents = {world: read_frames(data / f"{world}.h5", "world") for world in worlds}
    anchor = load(runs / "anchor", p.train.model)
    seen = [load(runs / "see" / world, p.train.model) for world in worlds[1:]]
    locks.claim_folder(runs / run)
    act = p.train.joint if p.train.run.schedule == "joint" else p.train.recruit
    deciphered = {}
    if p.train.run.decipher_first:
        path, frames = runs / "decipher" / run / "latents.h5", len(contents[worlds[1]].frames)
        deciphered[worlds[1]] = latents.load(path, frames, p.train.model.latent)
    trained = trainer.recruit(
        run, anchor, seen, contents, act, p.train.record, deciphered, p.train.decipher.weight
    )
    keep(runs / run, *trained, p.train.run, act, speed(run))


if __name__ == "__main__":
    app()
