"""Make the playground: params `train.runs`, runs/*, data/worlds/* -> report/playground.html.

What the page starts from is kept beside the pretrained models, for `mwm demo`: plays to dream from,
and how the player's games begin.
"""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Runs

app = commands.application(__doc__)


@commands.stage(app)
def playground(
    data: Data = DATA,
    runs: Runs = RUNS,
    out: Annotated[Path, typer.Option(help="file for the page")] = Path("report/playground.html"),
    plays: Annotated[Path, typer.Option(help="file for what it starts from")] = Path(
        "mwm/pretrained/plays.h5"
    ),
) -> None:
    """Put the models of all worlds and the player into one page that dreams by itself."""
    import torch

    from mwm.control.player import load_player
    from mwm.io.files import write_text
    from mwm.io.frames import read_frames
    from mwm.library.pretrained import rounded
    from mwm.playground.opening import opening, write
    from mwm.playground.page import page
    from mwm.playground.recorded import read_recorded
    from mwm.release.models import gather
    from mwm.runtime import locks
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL

    p = params.load()
    torch.set_num_threads(p.train.run.threads)  # sums depend on it in their last bits
    model = gather(runs, p.train.runs)
    played = [read_recorded(runs / "transfer" / run) for run in (ORIGINAL, *p.train.runs)]
    player = load_player(runs / "control")
    worlds = {world: read_frames(data / f"{world}.h5", "world") for world in model.worlds}
    locks.claim(out, plays)
    start = opening(rounded(model), worlds, played)
    text = page(model, start, player)
    write(plays, start)
    write_text(out, text)


if __name__ == "__main__":
    app()
