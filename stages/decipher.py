"""Find the original's latents in another world: params `train.decipher` -> runs/decipher/<run>.

For independent inputs alone: no frame of one world has a counterpart in the other's, and all they
share is their dynamics. With corresponding inputs there is nothing to do.
"""

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Run, Runs

app = commands.application(__doc__)


@commands.stage(app)
def decipher(
    run: Run,
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """The original's latents in the frames of the run's other world -> runs/decipher/<run>."""
    import torch

    from mwm.decipherment import decipher as decipherment
    from mwm.decipherment.resume import Checkpoints
    from mwm.io import latents
    from mwm.io.files import write_json
    from mwm.io.frames import read_frames
    from mwm.models.codes import half
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf
    from mwm.settings import lengths, params

    p = params.load()
    worlds = params.pick(p.train.runs, run, "train.runs").worlds
    folder = locks.claim_folder(runs / "decipher" / run)
    done = decipherment.nothing()
    if p.train.run.decipher_first:
        torch.set_num_threads(1)  # for each product, since they are small
        contents = [read_frames(data / f"{world}.h5", "world") for world in worlds]
        for content in contents:
            lengths.check(p, content.lengths)
        visions = [load(runs / "see" / w, p.train.model).vision(w) for w in worlds]
        places = enumerate(zip(visions, contents, strict=True))
        original, other = (half(vision, content, place) for place, (vision, content) in places)
        with Progress(f"decipher {run}", decipherment.LEVELS, "levels") as progress:
            settings = (p.train.decipher.states, p.train.decipher.restarts, p.train.run.seed)
            kept = Checkpoints(shelf(), f"decipher {run}", (original, other), settings)
            done = decipherment.decipher(
                original, other, *settings, progress.advance, kept, p.train.run.threads
            )
    latents.save(folder / "latents.h5", done.latents)
    latents.save(folder / "controlled.h5", done.controlled)
    latents.save(folder / "own.h5", done.own)
    scores = {
        name: {"levels": one.scores, "share": round(one.share, 4), "enough": one.enough}
        for name, one in done.found.items()
    }
    write_json(folder / "scores.json", scores)
    for doubt in done.doubts:
        typer.echo(f"decipher {run}: {doubt}", err=True)


if __name__ == "__main__":
    app()
