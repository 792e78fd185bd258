"""Learn to play in the codes of one world: params `control`, runs/anchor -> runs/control."""

from contextlib import closing
from functools import partial
from typing import Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Runs, Workers

app = commands.application(__doc__)


@commands.stage(app)
def control(
    run: Annotated[
        str, typer.Argument(help="whose last world to learn in: anchor, or a run of train.runs")
    ] = "anchor",
    data: Data = DATA,
    runs: Runs = RUNS,
    workers: Workers = None,
) -> None:
    """Train a policy by PPO on what V of one world and M, both frozen, say of the game."""
    import torch

    from mwm import UsageError, seeding
    from mwm.control import player, policy
    from mwm.control.games import Games, environments, noise_of
    from mwm.control.look import Look, mask_of, shown
    from mwm.control.resume import Checkpoints
    from mwm.control.training import CURVES, Trainer
    from mwm.io.frames import read_frames
    from mwm.io.tables import write_csv
    from mwm.library.model import TrainedModel
    from mwm.models import selftest
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf
    from mwm.settings import params
    from mwm.settings.base import ORIGINAL

    p = params.load()
    if p.train.run.schedule != "anchored":
        raise UsageError(
            "control: expected train.run.schedule: anchored, where all worlds share one M, found "
            f"{p.train.run.schedule}; run `mwm repro report` for all stages before"
        )
    folder = locks.claim_folder(runs / "control")
    torch.set_num_threads(p.train.run.threads)
    selftest.check(torch.device("cpu"))
    original = read_frames(data / f"{ORIGINAL}.h5", "world")
    model = load(runs / run, p.train.model)
    world = model.worlds[-1]
    content = original if world == ORIGINAL else read_frames(data / f"{world}.h5", "world")
    about = player.about(model, content, p.control)
    seeds = partial(seeding.derive, p.control.seed, "control", "games")
    mask = mask_of(p.control.opponent, original, p.control.seed)
    look = Look(world, shown if world == ORIGINAL else content.show, mask)
    fresh = policy.initialise(about.seen, about.actions, p.control.hidden, p.control.seed)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    changed = [mask.inside, mask.bats] if mask else []
    shows = [] if world == ORIGINAL else [content.pixel_map, content.inverted]
    kept = Checkpoints(shelf(), about.model_dump(), weights, changed, shows)
    with closing(environments(about.setup, p.control.games, workers)) as envs:
        noise = noise_of(p.control, p.train.model.latent)
        games = Games(envs, TrainedModel(model), look, seeds, noise)
        history = Trainer(fresh, games, p.control).train(kept, Progress)
    write_csv(folder / CURVES, history.training, ["iteration"])
    player.save(player.Player(about, model, fresh), folder, [CURVES])


if __name__ == "__main__":
    app()
