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
    """Measure every ordered pair of worlds, dreams, and the mirror test -> *.csv, film.h5."""
    import torch

    from mwm.evaluation import dreams, mirror_test
    from mwm.evaluation.assemble import assemble, with_pretrained_visions
    from mwm.evaluation.elements import latent_elements
    from mwm.evaluation.film import make_film
    from mwm.evaluation.origin import origin_of
    from mwm.evaluation.pairs import evaluate_pairs
    from mwm.evaluation.tables import CURVES, gather_curves
    from mwm.io import records
    from mwm.io.film import write_films
    from mwm.io.frames import read_frames
    from mwm.io.origin import ORIGIN
    from mwm.io.tables import write_csv
    from mwm.models import selftest
    from mwm.models.environment import note
    from mwm.runtime import declared, locks
    from mwm.settings import lengths, params
    from mwm.settings.base import ORIGINAL

    p = params.load()
    declared.check({name: run.worlds for name, run in p.train.runs.items()})
    torch.set_num_threads(p.train.run.threads)  # as trained: sums depend on it in their last bits
    selftest.check(torch.device("cpu"))
    folders = [runs / name for name in p.train.runs]
    one_anchor = p.train.run.schedule == "anchored" and p.train.recruit.memory == "frozen"
    models = assemble(folders, one_anchor)
    names = dict.fromkeys(world for model in models.values() for world in model.worlds)
    frames = {world: read_frames(data / f"{world}.h5", "world") for world in names}
    lengths.check(p, frames[ORIGINAL].lengths)
    locks.claim_folder(out)
    manifests = [folder / "manifest.json" for folder in folders]
    if said := note(manifests, torch.device("cpu")):
        typer.echo(said, err=True)
    pairs, dreamt, mirrored, elements, films = [], [], [], [], {}
    for name, model in models.items():
        worlds = {world: frames[world] for world in model.worlds}
        control = with_pretrained_visions(model, runs / "see")
        pairs += evaluate_pairs(name, model, worlds, p.evaluate)
        dreamt += dreams.dreams(name, model, worlds, p.evaluate)
        mirrored += mirror_test.mirror_test(name, model, worlds, p.evaluate)
        mirrored += mirror_test.mirror_test("alone", control, worlds, p.evaluate)
        elements += latent_elements(name, model, worlds, p.evaluate)
        films[name] = make_film(model, worlds, p.evaluate.film)
    write_csv(out / "pairs.csv", pairs)
    write_csv(out / "dreams.csv", dreamt, dreams.COLUMNS)
    write_csv(out / "mirror_test.csv", mirrored, mirror_test.COLUMNS)
    write_csv(out / "elements.csv", elements)
    write_csv(out / "curves.csv", gather_curves(folders), CURVES)
    write_films(out / "film.h5", films)
    origin = origin_of(frames[ORIGINAL], folders)
    records.write_manifest(out, TABLES, {ORIGIN: origin.model_dump()})


if __name__ == "__main__":
    app()
