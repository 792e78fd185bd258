"""Recruit otherwise: params `train`, what another study trained -> eval/pairs.csv.

An ablation shares that study's seed, plays, Vs, anchor and deciphered latents, and recruits with
settings of its own. It is judged at once; only the table stays.
"""

from pathlib import Path
from typing import Annotated

import typer

from mwm import cli

app = cli.application(__doc__)


@cli.command(app)
def ablate(
    base: Annotated[Path, typer.Argument(help="folder of the other study's trained models")],
    data: Annotated[Path, typer.Option(help="folder of the worlds, <world>.h5")] = Path(
        "data/worlds"
    ),
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("eval"),
) -> None:
    """Recruit every run of params' train.runs anew, and judge it on test episodes -> pairs.csv."""
    from mwm import params, records, store
    from mwm.evaluation.evaluate import evaluate_model
    from mwm.evaluation.tables import write_csv
    from mwm.models import latents
    from mwm.models.model import load
    from mwm.training.schedule import Trainer

    p = params.load()
    trainer = Trainer.open(p.train.run, p.train.model, p.train.batch)
    anchor = load(base / "anchor", p.train.model)
    store.check_folder(out)
    rows = []
    for name, run in p.train.runs.items():
        contents = {w: store.read_frames(data / f"{w}.h5", "world") for w in run.worlds}
        other = run.worlds[1]
        known = {}  # with corresponding inputs nothing is
        if p.train.run.decipher_first:
            path, frames = base / "decipher" / name / "latents.h5", len(contents[other].frames)
            known[other] = latents.load(path, frames, p.train.model.latent)
        model, _ = trainer.recruit(
            name,
            anchor,
            [load(base / "see" / other, p.train.model)],
            contents,
            p.train.recruit,
            p.train.record,
            known,
            p.train.decipher.weight,
        )
        rows += evaluate_model(name, model, contents, p.evaluate)
    write_csv(out / "pairs.csv", rows)
    records.write_manifest(out, ["pairs.csv"])


if __name__ == "__main__":
    app()
