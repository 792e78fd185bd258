"""The folder of a trained model: weights, manifest and curves."""

from pathlib import Path

from mwm import process
from mwm.models.model import MetaWorldModel, save
from mwm.params import Act, RunSettings
from mwm.training.record import History, write_csv

TRAINING, VALIDATION = "training.csv", "validation.csv"
VALIDATION_COLUMNS = ["iteration", "source", "target"]


def keep(folder: Path, model: MetaWorldModel, history: History, run: RunSettings, act: Act) -> None:
    """Write model.safetensors, manifest.json, training.csv and validation.csv into `folder`.

    Frames per second go to .mwm/speed/, since outs that hold durations are never the same twice.
    """
    write_csv(folder / TRAINING, history.training, ["iteration"])
    write_csv(folder / VALIDATION, history.validation, VALIDATION_COLUMNS)
    settings = {"run": run.model_dump(), "act": act.model_dump()}
    save(model, folder, settings, beside=[TRAINING, VALIDATION])
    speed = process.state("speed", f"{'-'.join(folder.parts)}.csv")
    write_csv(speed, history.speed, ["iteration"])
