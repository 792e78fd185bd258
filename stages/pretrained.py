"""Pack all worlds, M and the player for others: runs/*, eval -> mwm/pretrained.

`mwm.load("pretrained")` reads it, from the installed package as well: so it is in Git.
"""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Runs

app = commands.application(__doc__)


@commands.stage(app)
def pretrained(
    data: Data = DATA,
    runs: Runs = RUNS,
    evaluation: Annotated[Path, typer.Option(help="folder of their evaluation")] = Path("eval"),
    scores: Annotated[Path, typer.Option(help="the player's scores")] = Path("transfer.json"),
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("mwm/pretrained"),
) -> None:
    """Quantise the models to a byte per weight, and measure what that costs."""
    import torch

    from mwm.control.player import load_player
    from mwm.control.visions import check_anchor
    from mwm.evaluation.dreams import dreams
    from mwm.evaluation.pairs import evaluate_pairs
    from mwm.io.files import read_json
    from mwm.io.frames import read_frames
    from mwm.library import pretrained as packed
    from mwm.models import selftest
    from mwm.release.models import gather
    from mwm.release.quality import quality, read_quality
    from mwm.runtime import locks
    from mwm.settings import params

    p = params.load()
    torch.set_num_threads(p.train.run.threads)
    selftest.check(torch.device("cpu"))
    model = gather(runs, p.train.runs)
    player = load_player(runs / "control")
    check_anchor(player, model)
    locks.claim_folder(out)
    frames = {world: read_frames(data / f"{world}.h5", "world") for world in model.worlds}
    rounded = packed.rounded(model)
    pairs = evaluate_pairs("quantised", rounded, frames, p.evaluate)
    dreamt = dreams("quantised", rounded, frames, p.evaluate)
    notes = {
        **player.about.model_dump(),
        "scores": read_json(scores),
        "quality": {"full": read_quality(evaluation), "quantised": quality(pairs, dreamt)},
    }
    packed.write(out, model, player.policy.state_dict(), notes)


if __name__ == "__main__":
    app()
