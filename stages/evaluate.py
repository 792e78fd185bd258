"""Cross-decode test episodes: params `evaluate`, runs/*, data/worlds/* -> eval/."""

from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

app = commands.application(__doc__)
TABLES = ("pairs.csv", "curves.csv", "dreams.csv", "elements.csv", "mirror_test.csv")


@commands.stage(app)
def evaluate(
    data: Annotated[Path, typer.Option(help="folder of the worlds, <world>.h5")] = Path(
        "data/worlds"
    ),
    runs: Annotated[Path, typer.Option(help="folder of the trained models")] = Path("runs"),
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("eval"),
) -> None:
    """Judge every ordered pair of worlds, dreams, and the mirror test -> *.csv, film.h5."""
    import torch

    from mwm.evaluation.assemble import alone, assemble
    from mwm.evaluation.dreams import COLUMNS as DREAMT
    from mwm.evaluation.dreams import dreams
    from mwm.evaluation.elements import latent_elements
    from mwm.evaluation.evaluate import evaluate_model
    from mwm.evaluation.film import shoot
    from mwm.evaluation.mirror_test import COLUMNS as MARKED
    from mwm.evaluation.mirror_test import mirror_test
    from mwm.evaluation.tables import gather_curves
    from mwm.io import records
    from mwm.io.film import write_films
    from mwm.io.frames import read_frames
    from mwm.io.tables import write_csv
    from mwm.models.environment import note
    from mwm.runtime import locks
    from mwm.settings import params

    p = params.load()
    torch.set_num_threads(p.train.run.threads)  # as trained: sums depend on it in their last bits
    folders = [runs / name for name in p.train.runs]
    one_anchor = p.train.run.schedule == "anchored" and p.train.recruit.memory == "frozen"
    models = assemble(folders, one_anchor)
    worlds = {world: None for model in models.values() for world in model.worlds}
    contents = {world: read_frames(data / f"{world}.h5", "world") for world in worlds}
    locks.claim_folder(out)
    manifests = [folder / "manifest.json" for folder in folders]
    if said := note(manifests, torch.device("cpu")):
        typer.echo(said, err=True)
    rows, dreamt, marked, elements, films = [], [], [], [], {}
    for name, model in models.items():
        shown = {world: contents[world] for world in model.worlds}
        rows += evaluate_model(name, model, shown, p.evaluate)
        dreamt += dreams(name, model, shown, p.evaluate)
        marked += mirror_test(name, model, shown, p.evaluate)
        marked += mirror_test("alone", alone(model, runs / "see"), shown, p.evaluate)
        elements += latent_elements(name, model, shown, p.evaluate)
        films[name] = shoot(model, shown, p.evaluate.film)
    write_csv(out / "pairs.csv", rows)
    write_csv(out / "dreams.csv", dreamt, DREAMT)
    write_csv(out / "mirror_test.csv", marked, MARKED)
    write_csv(out / "elements.csv", elements)
    write_csv(out / "curves.csv", gather_curves(folders))
    write_films(out / "film.h5", films)
    records.write_manifest(out, TABLES)


if __name__ == "__main__":
    app()
