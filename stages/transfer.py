"""Score the player in every world: params `transfer`, runs/control, runs/<run> -> runs/transfer.

`home` is the original, in which it learned; `away` the other world of one run. V and M are frozen,
and so is the policy: no pair, reward or gradient of the other world is used.
"""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Run, Runs, Workers

if TYPE_CHECKING:
    from mwm.settings.control import Transfer
    from mwm.transfer.scores import Match

app = commands.application(__doc__)


@commands.stage(app)
def home(data: Data = DATA, runs: Runs = RUNS, workers: Workers = None) -> None:
    """Score the player in the original, and one that acts at random -> runs/transfer/original."""
    from mwm.runtime import locks
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL
    from mwm.transfer.scoring import at_random

    p = params.load()
    folder = locks.claim_folder(runs / "transfer" / ORIGINAL)
    with closing(_match(data, runs, p.transfer, p.train.run.threads, workers)) as match:
        model = match.player.model
        match.play(ORIGINAL, "own", model, ORIGINAL)
        match.play(ORIGINAL, "random", model, ORIGINAL, at_random(model.actions, p.transfer.seed))
        match.write(folder)


@commands.stage(app)
def away(
    run: Run,
    data: Data = DATA,
    runs: Runs = RUNS,
    workers: Workers = None,
) -> None:
    """Score the player in another world, by the recruited V and by others -> runs/transfer/<run>.

    The others: a V of that world that saw it alone; the same with a linear map into the original's
    codes, of 10, 100 and 1,000 pairs of frames; and the original's V.
    """
    from mwm.control.visions import of_same_anchor, with_vision
    from mwm.io.frames import read_frames
    from mwm.library.arguments import check_world
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL
    from mwm.transfer.pairs import PAIRS, check_moments, pair_up
    from mwm.transfer.scores import COMPARED

    p = params.load()
    _, world = params.pick(p.train.runs, run, "train.runs").worlds
    folder = locks.claim_folder(runs / "transfer" / run)
    with closing(_match(data, runs, p.transfer, p.train.run.threads, workers)) as match:
        recruited = of_same_anchor(match.player, runs / run)
        check_world(world, recruited.worlds)
        content = read_frames(data / f"{world}.h5", "world")
        check_moments(data, world, match.original, content)
        alone = load(runs / "see" / world, recruited.config).vision(world)
        match.enter(content)
        match.play(world, "recruited", recruited, world)
        match.play(world, "alone", with_vision(match.player, world, alone), world, games=COMPARED)
        for pairs in PAIRS:
            mapped = pair_up(match.player.model, alone, match.original, content, pairs)
            other = with_vision(match.player, world, mapped)
            match.play(world, f"{pairs} pairs", other, world, games=COMPARED)
        match.play(world, "original's", match.player.model, ORIGINAL, games=COMPARED)
        match.write(folder)


def _match(
    data: Path, runs: Path, settings: "Transfer", threads: int, workers: int | None
) -> "Match":
    import torch

    from mwm.io.frames import read_frames
    from mwm.runtime.progress import Progress
    from mwm.settings.base import ORIGINAL
    from mwm.transfer.scores import Match

    torch.set_num_threads(threads)
    original = read_frames(data / f"{ORIGINAL}.h5", "world")
    return Match(runs / "control", original, settings, workers, Progress)


if __name__ == "__main__":
    app()
