"""Train otherwise, and judge: params `collect.episodes`, `train`, `evaluate` -> eval/pairs.csv.

An ablation has settings of its own, and takes what these leave alone from another study: its Vs,
anchor and deciphered latents. Only the table stays.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mwm import ArtefactError
from mwm.runtime import commands

if TYPE_CHECKING:
    from mwm.io.frames import Frames

app = commands.application(__doc__)


@commands.stage(app)
def ablate(
    base: Annotated[
        Path | None,
        typer.Option(
            help="folder of another study's trained models, of which all but recruits are"
        ),
    ] = None,
    data: Annotated[Path, typer.Option(help="folder of the worlds, <world>.h5")] = Path(
        "data/worlds"
    ),
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("eval"),
) -> None:
    """Train every run of params' train.runs, and judge it on test episodes -> pairs.csv.

    Training reads the first `collect.episodes` episodes of the worlds alone.
    """
    from mwm.evaluation.pairs import evaluate_pairs
    from mwm.io import records
    from mwm.io.frames import read_frames, write_frames
    from mwm.io.tables import write_csv
    from mwm.models.model import load
    from mwm.runtime import locks
    from mwm.settings import params
    from stages import decipher, train

    p = params.load()
    settings = p.train
    shown = {world: None for run in settings.runs.values() for world in run.worlds}
    contents = {world: read_frames(data / f"{world}.h5", "world") for world in shown}
    locks.claim_folder(out)
    with tempfile.TemporaryDirectory() as folder:
        worlds, runs = Path(folder) / "worlds", Path(folder) / "runs"
        for world, content in contents.items():
            limited = _first(content, p.collect.episodes)
            write_frames(worlds / f"{world}.h5", limited, "world")
        if base:
            told = ["decipher"] if settings.run.decipher_first else []
            _borrow(base, ["see", "anchor", *told], runs)
        else:
            for world in shown:
                train.see(world, worlds, runs)
            train.anchor(worlds, runs)
            for name in settings.runs:
                decipher.decipher(name, worlds, runs)
        rows = []
        for name, run in settings.runs.items():
            train.recruit(name, worlds, runs)
            judged = {world: contents[world] for world in run.worlds}
            rows += evaluate_pairs(name, load(runs / name), judged, p.evaluate)
    write_csv(out / "pairs.csv", rows)
    records.write_manifest(out, ["pairs.csv"])


def _first(content: "Frames", episodes: int) -> "Frames":
    """The same frames, of which only the first episodes are for training."""
    from dataclasses import replace

    from mwm.io.frames import SPLITS

    split = content.split.copy()
    beyond = content.episodes("train")
    split[beyond[beyond >= episodes]] = SPLITS.index("validation")
    return replace(content, split=split)


def _borrow(base: Path, parts: list[str], runs: Path) -> None:
    """Let parts of another study stand in `runs`."""

    runs.mkdir()
    for part in parts:
        if not (base / part).is_dir():
            raise ArtefactError(f"{base / part}: not found")
        (runs / part).symlink_to((base / part).resolve())


if __name__ == "__main__":
    app()
