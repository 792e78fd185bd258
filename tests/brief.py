"""A brief project: the committed params with acts of a step or so, and one run trained by them."""

from typing import Any

import plain_yaml
from closure import ROOT
from typer.testing import CliRunner

WORLDS = ("original", "mirror")


def values(iterations: int = 1, steps: int = 1, **batch: int) -> Any:
    """The values of params.yaml, with acts of so many iterations of so many R steps.

    `batch` is laid over batches of a few short sequences.
    """
    values = plain_yaml.parse(ROOT / "params.yaml")
    for act in ("see", "recruit"):
        values["train"][act] |= {"iterations": iterations, "reconstruction_steps": steps}
    values["train"]["anchor"] |= {"iterations": iterations, "dream_steps": steps}
    small = {"frames": 16, "sequences": 2, "length": 5, "dreams": 2, "dreamed": 3}
    values["train"]["batch"] |= small | batch
    values["train"]["model"] |= {"hidden": 32, "rank": 2, "memory": 16}
    values["train"]["run"]["threads"] = 1
    values["evaluate"]["plays"] = None
    return values


def of_one_run() -> Any:
    """Those of a project whose one run is of WORLDS, evaluated on few frames."""
    brief = values()
    brief["train"]["runs"] = {"mirror": {"worlds": list(WORLDS)}}
    brief["evaluate"] |= {"frames": 50, "length": 5, "dream": 5}
    brief["control"] |= {"steps": 64, "games": 2, "horizon": 16, "epochs": 1, "batch": 16}
    brief["control"] |= {"hidden": 8, "max_steps": 120}
    brief["transfer"]["games"] = 2
    return brief


def train_one_run() -> None:
    """Train the run of `of_one_run` in the current folder."""
    from stages import decipher, recruit, smooth, train, unite

    for world in WORLDS:
        run(train.app, "see", world)
    run(train.app, "anchor")
    run(smooth.app)
    run(decipher.app, "mirror")
    run(recruit.app, "mirror")
    run(unite.app, "mirror")


def play_one_run() -> None:
    """Train a player in the current folder, and score it in both worlds."""
    from stages import control, tabulate, transfer

    run(control.app)
    run(transfer.app, "home")
    run(transfer.app, "away", "mirror")
    run(tabulate.app, "transfer")


def release_one_run() -> None:
    """Pack what was trained, evaluated and played in the current folder."""
    from stages import playground, pretrained

    run(pretrained.app)
    run(playground.app)


def run(app: Any, *words: str) -> str:
    """Run a command, which must succeed; what it prints."""
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.output
