"""Train the network that mends codes: params `train.smooth`, the original -> runs/smooth.

For independent inputs alone: it knows how the original's codes follow each other, and so tells
which codes of another world's V are astray. With corresponding inputs there is nothing to do.
"""

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Runs

app = commands.application(__doc__)


@commands.stage(app)
def smooth(
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """Learn to mend the original's codes by those before and after them -> runs/smooth."""
    import torch

    from mwm.io.frames import read_frames
    from mwm.models.codes import half
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf
    from mwm.settings import lengths, params
    from mwm.settings.base import ORIGINAL
    from mwm.smoothing import misreadings, smoother
    from mwm.smoothing.training import train

    p = params.load()
    run, settings = p.train.run, p.train.smooth
    folder = locks.claim_folder(runs / "smooth")
    trained = None
    if run.decipher_first:
        torch.set_num_threads(run.threads)
        content = read_frames(data / f"{ORIGINAL}.h5", "world")
        lengths.check(p, content.lengths)
        vision = load(runs / "see" / ORIGINAL, p.train.model).vision(ORIGINAL)
        codes = half(vision, content, 0)
        misread = misreadings.misread(vision, content, codes)
        with Progress("smooth", settings.steps, "steps") as progress:
            trained = train(
                *(codes, misread, content.action_count, settings, run.seed),
                progress.advance,
                shelf(),
            )
    smoother.save(trained, folder, {"run": run.model_dump(), "smooth": settings.model_dump()})


if __name__ == "__main__":
    app()
