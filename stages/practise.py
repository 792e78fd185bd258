"""Play with a trained player, and learn from its plays: runs/control, runs/<run> -> runs/<run>.

`play` keeps a world's random plays and adds the player's own. Where it learned it plays with its
own V; in another world with the V that was aligned there. Neither sees what the other played.
`learn` then aligns that V again, on all of them.

`extend` does the same with frames.h5, of which all worlds are made, so that V and M of the
original can learn anew, too.
"""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Run, Runs, Workers

app = commands.application(__doc__)

Episodes = Annotated[int, typer.Option(min=1, max=4096, help="to play")]


@commands.stage(app)
def play(
    world: Annotated[str, typer.Argument(help="original, or a run of params' train.runs")],
    base: Annotated[Path, typer.Option(help="runs to play with: control, and the run")],
    plays: Annotated[Path, typer.Option(help="folder of the random plays, <world>.h5")],
    data: Annotated[Path, typer.Option(help="folder to write <world>.h5 to")] = DATA,
    episodes: Episodes = 300,
    workers: Workers = None,
) -> None:
    """Add a player's own plays of a world to the random ones -> data/worlds/<world>.h5."""
    import torch

    from mwm import UsageError
    from mwm.control.player import load_player
    from mwm.control.visions import of_same_anchor
    from mwm.io.frames import read_frames, write_frames
    from mwm.practice.adding import check_played, with_plays
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL

    p = params.load()
    if data.resolve() == plays.resolve():
        raise UsageError(
            f"--data {data}: expected another folder than that of --plays, found the same; the "
            "random plays would be overwritten"
        )
    torch.set_num_threads(p.train.run.threads)
    player = load_player(base / "control")
    anchor = world == ORIGINAL
    name = ORIGINAL if anchor else params.pick(p.train.runs, world, "train.runs").worlds[1]
    model = player.model
    if name != player.about.world:
        model = of_same_anchor(player, base / ("anchor" if anchor else world))
    content = original = read_frames(plays / f"{name}.h5", "world")
    check_played(player, content, f"--plays {plays}")
    if not anchor and player.about.control.opponent != "shown":
        original = read_frames(plays / f"{ORIGINAL}.h5", "world")
    locks.claim(data / f"{name}.h5")
    seed = p.train.run.seed
    both = with_plays(player, model, content, original, episodes, seed, workers, Progress)
    write_frames(data / f"{name}.h5", both, kind="world")


@commands.stage(app)
def extend(
    base: Annotated[Path, typer.Option(help="runs to play with: control")],
    frames: Annotated[Path, typer.Option(help="frames of the original, at random")],
    out: Annotated[Path, typer.Option(help="file to write")] = Path("data/frames.h5"),
    episodes: Episodes = 300,
    workers: Workers = None,
) -> None:
    """Add a player's own plays of the original to the random ones -> data/frames.h5."""
    import torch

    from mwm import UsageError
    from mwm.control.player import load_player
    from mwm.control.visions import of_same_anchor
    from mwm.io.frames import read_frames, write_frames
    from mwm.practice.adding import check_played, with_plays
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL

    p = params.load()
    if out.resolve() == frames.resolve():
        raise UsageError(
            f"--out {out}: expected another file than that of --frames, found the same; the "
            "random plays would be overwritten"
        )
    torch.set_num_threads(p.train.run.threads)
    player = load_player(base / "control")
    model = player.model
    if player.about.world != ORIGINAL:
        model = of_same_anchor(player, base / "anchor")
    original = read_frames(frames)
    check_played(player, original, f"--frames {frames}")
    locks.claim(out)
    seed = p.train.run.seed
    both = with_plays(player, model, original, original, episodes, seed, workers, Progress)
    write_frames(out, both)


@commands.stage(app)
def learn(
    run: Run,
    base: Annotated[Path, typer.Option(help="runs from whose recruit this one goes on")],
    data: Data = DATA,
    runs: Runs = RUNS,
) -> None:
    """Align a V again, from where it stood, on random plays and the player's -> runs/recruit."""
    from mwm import UsageError
    from mwm.io.frames import read_frames
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.state import speed
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL
    from mwm.settling.refining import Mender, refine
    from mwm.training import history
    from stages.train import set_up

    p = params.load()
    if not p.train.run.decipher_first:
        raise UsageError(
            "learn: expected train.run: inputs: independent and schedule: anchored, found "
            f"{p.train.run.inputs} and {p.train.run.schedule}; run "
            "`mwm profile profiles/independent.yaml`"
        )
    world = params.pick(p.train.runs, run, "train.runs").worlds[1]
    setup = set_up(p.train.run, p.train.model, p.train.batch)
    worlds = {name: read_frames(data / f"{name}.h5", "world") for name in (ORIGINAL, world)}
    before = (runs / "see" / ORIGINAL, base / "recruit" / run)
    first, second = (load(folder, p.train.model) for folder in before)
    folder = locks.claim_folder(runs / "recruit" / run)
    mender = Mender.load(first, worlds, runs / "smooth", p.train.smooth.hidden)
    decipher, both = p.train.decipher, (first, second)
    again = (f"{run} practised", decipher.refinements, decipher.weight, decipher.drawn)
    act = p.train.recruit
    trained = refine(setup, both, worlds, act, p.train.record, mender, *again)
    history.write(folder, *trained, p.train.run, act, speed(run))


if __name__ == "__main__":
    app()
