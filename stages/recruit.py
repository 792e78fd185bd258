"""Train the last act: params `train`, data/worlds/*.h5, runs/* -> runs/recruit/<run>.

`recruit` aligns another world's V to the original's, which stays. With `train.run.schedule: joint`
it trains all worlds of the run at once, as the paper does.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from mwm.runtime import commands
from stages.train import DATA, RUNS, Data, Runs, set_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mwm.io.frames import Frames
    from mwm.io.latents import Latents
    from mwm.models.codes import Codes
    from mwm.models.model import MetaWorldModel
    from mwm.settings.train import ConstrainedAct, Record
    from mwm.settling.settle import Settler
    from mwm.training.acts import Setup, Trained

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


class Mender(NamedTuple):
    """Mends codes of another world by what is known of the original's.

    Attributes:
        codes: the original's.
        settler: which knows them.
        content: the other world's frames.
        world: its name.
    """

    codes: "Codes"
    settler: "Settler"
    content: "Frames"
    world: str

    @classmethod
    def load(
        cls,
        seen: "MetaWorldModel",
        worlds: "Mapping[str, Frames]",
        folder: Path,
        hidden: int,
        own: "Latents | None" = None,
    ) -> "Mender":
        """For the second of two worlds; `seen` is the original's model.

        `own`: the part of the original's latents that actions decide, if it is known.
        """
        from mwm.models.codes import half
        from mwm.settling.settle import Settler
        from mwm.settling.side import Side
        from mwm.smoothing.smoother import load

        original, other = worlds
        codes = half(seen.vision(original), worlds[original], 0)
        smoother = load(folder, len(codes.dimensions), seen.actions, hidden)
        settler = Settler(smoother, Side(codes, worlds[original], own))
        return cls(codes, settler, worlds[other], other)

    def settle(self, model: "MetaWorldModel", found: "Latents", controlled: "Latents") -> "Latents":
        """What was deciphered, settled; the model's V need not be aligned."""
        from mwm.settling.side import Side

        return self.settler.settle(Side(self._encode(model), self.content, controlled, found))

    def mend(self, model: "MetaWorldModel") -> "Latents":
        """The original's latents in the frames of the world, from a V that was recruited."""
        return self.settler.mend(self._encode(model), self.content)

    def _encode(self, model: "MetaWorldModel") -> "Codes":
        """What the model's V makes of the other world's half, in the original's dimensions."""
        from mwm.models.codes import half

        return half(model.vision(self.world), self.content, 1, like=self.codes)


def refine(
    setup: "Setup",
    models: "tuple[MetaWorldModel, MetaWorldModel]",
    worlds: "Mapping[str, Frames]",
    act: "ConstrainedAct",
    record: "Record",
    mender: Mender,
    name: str,
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
    past = History()
    for number in range(1, rounds + 1):
        both, found = [first, model], {mender.world: mender.mend(model)}
        model, later = acts.recruit(
            setup, f"{name}, {number}", both, worlds, act, record, found, weight, drawn
        )
        past = past.then(later)
    return model, past


if __name__ == "__main__":
    app()
