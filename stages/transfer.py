"""Score the player in every world: params `transfer`, runs/control, runs/<run> -> runs/transfer.

`home` is the world in which it learned, most often the original; `away` any other. V and M are
frozen, and so is the policy: no pair, reward or gradient of the other world is used.
"""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Runs, Workers

if TYPE_CHECKING:
    from mwm.settings.control import Transfer
    from mwm.transfer.scores import Match

app = commands.application(__doc__)


@commands.stage(app)
def home(data: Data = DATA, runs: Runs = RUNS, workers: Workers = None) -> None:
    """Score the player where it learned, and one that acts at random -> runs/transfer/original."""
    from mwm.runtime import locks
    from mwm.settings import params
    from mwm.transfer.scoring import at_random

    p = params.load()
    with closing(_match(data, runs, p.transfer, p.train.run.threads, workers)) as match:
        model, world = match.player.model, match.player.about.world
        folder = locks.claim_folder(runs / "transfer" / world)
        match.play(world, "own", model, world)
        match.play(world, "random", model, world, at_random(model.actions, p.transfer.seed))
        match.write(folder)


@commands.stage(app)
def away(
    run: Annotated[str, typer.Argument(help="a run of params' train.runs, or original")],
    data: Data = DATA,
    runs: Runs = RUNS,
    workers: Workers = None,
) -> None:
    """Score the player in another world, by the recruited V and by others -> runs/transfer/<run>.

    The others: a V of that world that saw it alone; the same with a linear map into the codes of
    the player's V, of 10, 100 and 1,000 pairs of frames; and the player's V.
    """
    from mwm import UsageError
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
    anchor = run == ORIGINAL
    world = ORIGINAL if anchor else params.pick(p.train.runs, run, "train.runs").worlds[1]
    with closing(_match(data, runs, p.transfer, p.train.run.threads, workers)) as match:
        home = match.player.about.world
        if world == home:
            raise UsageError(
                f"away {run}: expected another world than {home}, where the player learned; write "
                "`home` instead"
            )
        folder = locks.claim_folder(runs / "transfer" / run)
        recruited = of_same_anchor(match.player, runs / ("anchor" if anchor else run))
        check_world(world, recruited.worlds)
        content = read_frames(data / f"{world}.h5", "world")
        check_moments(data, match.home, content)
        alone = load(runs / "see" / world, recruited.config).vision(world)
        match.enter(content)
        match.play(world, "recruited", recruited, world)
        match.play(world, "alone", with_vision(match.player, world, alone), world, games=COMPARED)
        for pairs in PAIRS:
            mapped = pair_up(match.player.model.vision(home), alone, match.home, content, pairs)
            other = with_vision(match.player, world, mapped)
            match.play(world, f"{pairs} pairs", other, world, games=COMPARED)
        match.play(world, f"{home}'s", match.player.model, home, games=COMPARED)
        match.write(folder)


def _match(
    data: Path, runs: Path, settings: "Transfer", threads: int, workers: int | None
) -> "Match":
    import torch

    from mwm.runtime.progress import Progress
    from mwm.transfer.scores import Match

    torch.set_num_threads(threads)
    return Match(runs / "control", data, settings, workers, Progress)


if __name__ == "__main__":
    app()
