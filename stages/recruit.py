"""Train the last act: params `train`, data/worlds/*.h5, runs/* -> runs/<run>.

`recruit` aligns another world's V to the frozen anchor. With `train.run.schedule: joint` it trains
all worlds of the run at once, as the paper does.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from mwm.runtime import commands
from stages.train import DATA, RUNS, Data, Runs, set_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mwm.io.frames import Frames
    from mwm.io.latents import Latents
    from mwm.models.model import MetaWorldModel
    from mwm.settings.train import RunSettings

app = commands.application(__doc__)


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
    setup = set_up(p.train.run, p.train.model, p.train.batch)
    worlds = {w: read_frames(data / f"{w}.h5", "world") for w in (original, *others)}
    lengths.check(p, worlds[original].lengths)
    sources = ["anchor", *(f"see/{world}" for world in others)]
    models = [load(runs / source, p.train.model) for source in sources]
    folder = locks.claim_folder(runs / run)
    act = p.train.joint if p.train.run.schedule == "joint" else p.train.recruit
    found = {}
    if p.train.run.decipher_first:
        (world,) = others
        path, count = runs / "decipher" / run / "latents.h5", len(worlds[world].frames)
        found[world] = latents.load(path, count, p.train.model.latent)
    weight = p.train.decipher.weight
    model, past = acts.recruit(setup, run, models, worlds, act, p.train.record, found, weight)
    for number in range(1, p.train.decipher.refinements + 1 if found and weight else 1):
        found[world] = _refined(
            f"{run}, {number}", model, worlds, p.train.decipher.states, p.train.run
        )
        models = [models[0], model]
        name = f"{run} again, {number}"
        model, later = acts.recruit(setup, name, models, worlds, act, p.train.record, found, weight)
        past = past.then(later)
    history.write(folder, model, past, p.train.run, act, speed(run))


def _refined(
    name: str,
    model: "MetaWorldModel",
    worlds: "Mapping[str, Frames]",
    states: int,
    run: "RunSettings",
) -> "Latents":
    """The original's latents in the frames of the world that `model` recruited."""
    import torch

    from mwm.decipherment.codes import of_halves
    from mwm.decipherment.refine import refine
    from mwm.runtime.progress import Progress

    torch.set_num_threads(1)  # for each product, since they are small
    with Progress(f"refine {name}", 2, "chains") as progress:
        visions = [model.vision(world) for world in worlds]
        original, other = of_halves(visions, list(worlds.values()), shared=True)
        latents = refine(original, other, states, run.seed, progress.advance)
    torch.set_num_threads(run.threads)
    return latents


if __name__ == "__main__":
    app()
