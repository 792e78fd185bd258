"""Train the last act: params `train`, data/worlds/*.h5, runs/* -> runs/recruit/<run>.

`recruit` aligns another world's V to the original's, which stays. With `train.run.schedule: joint`
it trains all worlds of the run at once, as the paper does.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Run, Runs
from stages.train import set_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mwm.io.frames import Frames
    from mwm.io.latents import Latents
    from mwm.models.model import MetaWorldModel

app = commands.application(__doc__)


@commands.stage(app)
def recruit(
    run: Run,
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """Align one more V to the original's (joint: train all at once) -> runs/recruit/<run>."""
    from mwm.io.frames import read_frames
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.state import speed
    from mwm.settings import lengths, params
    from mwm.settling.refining import Mender, refine
    from mwm.training import acts, history

    p = params.load()
    original, *others = params.pick(p.train.runs, run, "train.runs").worlds
    setup = set_up(p.train.run, p.train.model, p.train.batch)
    worlds = {w: read_frames(data / f"{w}.h5", "world") for w in (original, *others)}
    lengths.check(p, worlds[original].lengths)
    models = [load(runs / "see" / world, p.train.model) for world in worlds]
    folder = locks.claim_folder(runs / "recruit" / run)
    act = p.train.joint if p.train.run.schedule == "joint" else p.train.recruit
    guided = (p.train.decipher.weight, p.train.decipher.drawn)
    found: dict[str, Latents] = {}
    mender = None
    if p.train.run.decipher_first:
        deciphered = read_deciphered(runs / "decipher" / run, models, worlds)
        if guided[0]:
            *theirs, own = deciphered
            mender = Mender.load(models[0], worlds, runs / "smooth", p.train.smooth.hidden, own)
            found[mender.world] = mender.settle(models[1], *theirs)
    model, past = acts.recruit(setup, run, models, worlds, act, p.train.record, found, *guided)
    if mender:
        both, again = (models[0], model), (f"{run} again", p.train.decipher.refinements)
        model, later = refine(setup, both, worlds, act, p.train.record, mender, *again, *guided)
        past = past.then(later)
    history.write(folder, model, past, p.train.run, act, speed(run))


def read_deciphered(
    folder: Path, models: "Sequence[MetaWorldModel]", worlds: "Mapping[str, Frames]"
) -> "list[Latents]":
    """What was deciphered: the other world's latents, and the part that actions decide in each."""
    from mwm.io import latents

    ours, theirs = (len(content.frames) for content in worlds.values())
    files = {"latents.h5": theirs, "controlled.h5": theirs, "own.h5": ours}
    size = models[0].config.latent
    return [latents.load(folder / name, frames, size) for name, frames in files.items()]


if __name__ == "__main__":
    app()
