"""Train by acts: params `train`, data/worlds/*.h5 -> runs/see/<world>, runs/anchor, runs/<run>.

`see` pretrains one world's V, `anchor` trains the reference, the original's V and M, and `recruit`
aligns another world's V to the frozen anchor. With `train.run.schedule: joint` the first two only
initialise, and `recruit` trains all worlds of the run at once, as the paper does.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mwm.runtime import commands

if TYPE_CHECKING:
    from mwm.settings.train import Batch, Model, RunSettings
    from mwm.training.acts import Setup

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
    """Pretrain one world's V on random frames -> runs/see/<world>."""
    from mwm.io.frames import read_frames
    from mwm.runtime import locks
    from mwm.runtime.state import speed
    from mwm.settings import lengths, params
    from mwm.training import acts, history

    p = params.load()
    params.check_name(world, "WORLD")
    setup = _setup(p.train.run, p.train.model, p.train.batch)
    frames = read_frames(data / f"{world}.h5", "world")
    lengths.check(p, frames.lengths)
    folder = locks.claim_folder(runs / "see" / world)
    trained = acts.see(setup, world, frames, p.train.see)
    history.write(folder, *trained, p.train.run, p.train.see, speed("see", world))


@commands.stage(app)
def anchor(data: Data = DATA, runs: Runs = RUNS) -> None:
    """Train the original's V and M, by alternating phases -> runs/anchor."""
    from mwm.io.frames import read_frames
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.state import speed
    from mwm.settings import lengths, params
    from mwm.settings.base import ORIGINAL
    from mwm.training import acts, history

    p = params.load()
    setup = _setup(p.train.run, p.train.model, p.train.batch)
    frames = read_frames(data / f"{ORIGINAL}.h5", "world")
    lengths.check(p, frames.lengths)
    seen = load(runs / "see" / ORIGINAL, p.train.model)
    folder = locks.claim_folder(runs / "anchor")
    trained = acts.anchor(setup, seen, frames, p.train.anchor, p.train.record)
    history.write(folder, *trained, p.train.run, p.train.anchor, speed("anchor"))


@commands.stage(app)
def recruit(
    run: Annotated[str, typer.Argument(help="a run of params' train.runs")],
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """Align one more world's V to the frozen anchor (joint: train all at once) -> runs/<run>."""
    from mwm.io import latents
    from mwm.io.frames import read_frames
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.state import speed
    from mwm.settings import lengths, params
    from mwm.training import acts, history

    p = params.load()
    original, *others = params.pick(p.train.runs, run, "train.runs").worlds
    setup = _setup(p.train.run, p.train.model, p.train.batch)
    worlds = {w: read_frames(data / f"{w}.h5", "world") for w in (original, *others)}
    lengths.check(p, worlds[original].lengths)
    sources = ["anchor", *(f"see/{world}" for world in others)]
    models = [load(runs / source, p.train.model) for source in sources]
    folder = locks.claim_folder(runs / run)
    act = p.train.joint if p.train.run.schedule == "joint" else p.train.recruit
    deciphered = {}
    if p.train.run.decipher_first:
        (world,) = others
        path, count = runs / "decipher" / run / "latents.h5", len(worlds[world].frames)
        deciphered[world] = latents.load(path, count, p.train.model.latent)
    trained = acts.recruit(
        setup, run, models, worlds, act, p.train.record, deciphered, p.train.decipher.weight
    )
    history.write(folder, *trained, p.train.run, act, speed(run))


def _setup(run: "RunSettings", model: "Model", batch: "Batch") -> "Setup":
    """With the device, checkpoints, and progress on the terminal."""
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf
    from mwm.training.acts import Setup
    from mwm.training.device import prepare_device

    return Setup(run, model, batch, prepare_device(run), shelf(), Progress)


if __name__ == "__main__":
    app()
