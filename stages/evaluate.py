"""Cross-decode test episodes: params `evaluate`, runs/*, data/worlds/* -> eval/."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import DATA, RUNS, Data, Runs

app = commands.application(__doc__)


@commands.stage(app)
def evaluate(
    data: Data = DATA,
    runs: Runs = RUNS,
    root: Annotated[Path, typer.Option(help="folder in which evaluate.plays is")] = Path(),
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("eval"),
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Threads; the numbers do not depend on it. [default: all cores]"),
    ] = None,
) -> None:
    """Measure every ordered pair of worlds, dreams, and the mirror test -> *.csv, film.h5."""
    import torch

    from mwm.evaluation.assemble import assemble
    from mwm.evaluation.measurements import COLUMNS, measure
    from mwm.evaluation.origin import origin_of
    from mwm.evaluation.tables import gather_curves
    from mwm.io import records
    from mwm.io.film import write_films
    from mwm.io.frames import read_frames
    from mwm.io.origin import ORIGIN
    from mwm.io.plays import read_plays, shown_in
    from mwm.io.spawn import usable_cores
    from mwm.io.tables import write_csv
    from mwm.models import selftest
    from mwm.models.environment import note
    from mwm.runtime import declared, locks
    from mwm.settings import lengths, params
    from mwm.settings.base import ORIGINAL

    p = params.load()
    declared.check({name: run.worlds for name, run in p.train.runs.items()}, p.evaluate.plays)
    torch.set_num_threads(p.train.run.threads)  # as trained: sums depend on it in their last bits
    selftest.check(torch.device("cpu"))
    folders = [runs / name for name in p.train.runs]
    models = assemble(folders, p.train.run.schedule == "anchored")
    names = dict.fromkeys(world for model in models.values() for world in model.worlds)
    frames = {world: read_frames(data / f"{world}.h5", "world") for world in names}
    lengths.check(p, frames[ORIGINAL].lengths)
    foreign = {}
    if p.evaluate.plays:
        plays = read_plays(root / p.evaluate.plays, frames[ORIGINAL])
        foreign = {world: shown_in(shown, plays) for world, shown in frames.items()}
    locks.claim_folder(out)
    manifests = [folder / "manifest.json" for folder in folders]
    if said := note(manifests, torch.device("cpu")):
        typer.echo(said, err=True)
    tables, films = measure(
        models, frames, foreign, runs / "see", p.evaluate, workers or usable_cores()
    )
    tables["curves.csv"] = [*gather_curves(folders)]
    for name, rows in tables.items():
        write_csv(out / name, rows, COLUMNS[name])
    write_films(out / "film.h5", films)
    origin = origin_of(frames[ORIGINAL], folders)
    records.write_manifest(out, tables, {ORIGIN: origin.model_dump()})


if __name__ == "__main__":
    app()
