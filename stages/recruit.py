"""Train the last act: params `train`, data/worlds/*.h5, runs/* -> runs/recruit/<run>.

`recruit` aligns another world's V to the original's, which stays. With `train.run.schedule: joint`
it trains all worlds of the run at once, as the paper does.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mwm.runtime import commands
from stages.train import DATA, RUNS, Data, Runs, set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mwm.io.frames import Frames
    from mwm.io.latents import Latents
    from mwm.models.codes import Codes
    from mwm.models.model import MetaWorldModel
    from mwm.settings.train import ConstrainedAct, Record
    from mwm.smoothing.smoother import Smoother
    from mwm.training.acts import Setup, Trained

    Mend = Callable[[MetaWorldModel], Latents]

app = commands.application(__doc__)


@commands.stage(app)
def recruit(
    run: Annotated[str, typer.Argument(help="a run of params' train.runs")],
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """Align one more V to the original's (joint: train all at once) -> runs/recruit/<run>."""
    from mwm.io.frames import read_frames
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.state import speed
    from mwm.settings import lengths, params
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
    smoother = (runs / "smooth", p.train.smooth.hidden)
    found = {}
    if p.train.run.decipher_first:
        (world,) = others
        found[world] = settled(models, worlds, runs / "decipher" / run, *smoother)
    rounds = p.train.decipher.refinements if found and guided[0] else 0
    mend = mender(models[0], worlds, *smoother) if rounds else None
    model, past = acts.recruit(setup, run, models, worlds, act, p.train.record, found, *guided)
    if mend:
        both, name = (models[0], model), f"{run} again"
        model, later = refine(setup, name, both, worlds, act, p.train.record, mend, rounds, *guided)
        past = past.then(later)
    history.write(folder, model, past, p.train.run, act, speed(run))


def settled(
    models: "Sequence[MetaWorldModel]",
    worlds: "Mapping[str, Frames]",
    deciphered: Path,
    folder: Path,
    hidden: int,
) -> "Latents":
    """What was deciphered of the other world's frames, settled; `models` are V of each world."""
    from mwm.io import latents
    from mwm.models.codes import half
    from mwm.settling.settle import settle

    seen, met = models
    _, other = worlds
    size = len(worlds[other].frames), seen.config.latent
    parts = (deciphered / name for name in ("latents.h5", "controlled.h5"))
    found = [latents.load(path, *size) for path in parts]
    own, smoother = _smoother(seen, worlds, folder, hidden)
    return settle(
        smoother, half(met.vision(other), worlds[other], 1, like=own), worlds[other], *found
    )


def mender(
    seen: "MetaWorldModel", worlds: "Mapping[str, Frames]", folder: Path, hidden: int
) -> "Mend":
    """Gives the original's latents in the frames of the world that a model recruited."""
    from mwm.models.codes import half
    from mwm.smoothing.smoother import smooth

    _, other = worlds
    codes, smoother = _smoother(seen, worlds, folder, hidden)
    return lambda model: smooth(smoother, half(model.vision(other), worlds[other], 1, like=codes))


def _smoother(
    seen: "MetaWorldModel", worlds: "Mapping[str, Frames]", folder: Path, hidden: int
) -> "tuple[Codes, Smoother]":
    """The original's codes, and the network that mends codes like them."""
    from mwm.models.codes import half
    from mwm.smoothing.smoother import load

    original, _ = worlds
    codes = half(seen.vision(original), worlds[original], 0)
    return codes, load(folder, len(codes.dimensions), seen.actions, hidden)


def refine(
    setup: "Setup",
    name: str,
    models: "tuple[MetaWorldModel, MetaWorldModel]",
    worlds: "Mapping[str, Frames]",
    act: "ConstrainedAct",
    record: "Record",
    mend: "Mend",
    rounds: int,
    weight: float,
    drawn: float,
) -> "Trained":
    """Mend the codes of the other world's V, and recruit it by them, so many times.

    `models` are the original's V and the one that was recruited before.
    """
    from mwm.training import acts
    from mwm.training.history import History

    first, model = models
    _, other = worlds
    past = History()
    for number in range(1, rounds + 1):
        both, found = [first, model], {other: mend(model)}
        model, later = acts.recruit(
            setup, f"{name}, {number}", both, worlds, act, record, found, weight, drawn
        )
        past = past.then(later)
    return model, past


if __name__ == "__main__":
    app()
