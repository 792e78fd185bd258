"""Train the first acts: params `train`, data/worlds/*.h5 -> runs/see/<world>, runs/anchor.

`see` pretrains one world's V, `anchor` trains the reference, the original's V and M. With
`train.run.schedule: joint` both only initialise.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Runs

if TYPE_CHECKING:
    from mwm.settings.train import Batch, Model, RunSettings
    from mwm.training.acts import Setup

app = commands.application(__doc__)


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
    setup = set_up(p.train.run, p.train.model, p.train.batch)
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
    setup = set_up(p.train.run, p.train.model, p.train.batch)
    frames = read_frames(data / f"{ORIGINAL}.h5", "world")
    lengths.check(p, frames.lengths)
    seen = load(runs / "see" / ORIGINAL, p.train.model)
    folder = locks.claim_folder(runs / "anchor")
    trained = acts.anchor(setup, seen, frames, p.train.anchor, p.train.record)
    history.write(folder, *trained, p.train.run, p.train.anchor, speed("anchor"))


def set_up(run: "RunSettings", model: "Model", batch: "Batch") -> "Setup":
    """With the device, checkpoints, and progress on the terminal."""
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf
    from mwm.training.acts import Setup
    from mwm.training.device import prepare_device

    return Setup(run, model, batch, prepare_device(run), shelf(), Progress)


if __name__ == "__main__":
    app()
