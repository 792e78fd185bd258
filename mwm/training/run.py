"""The folder of a trained model: weights, manifest and curves."""

from pathlib import Path

from mwm.io.tables import write_csv
from mwm.models.model import MetaWorldModel, save
from mwm.settings.train import Act, RunSettings
from mwm.training.record import History

TRAINING, VALIDATION = "training.csv", "validation.csv"
VALIDATION_COLUMNS = ["iteration", "source", "target"]


def keep(
    folder: Path, model: MetaWorldModel, history: History, run: RunSettings, act: Act, speed: Path
) -> None:
    """Write model.safetensors, manifest.json, training.csv and validation.csv into `folder`.

    Frames per second go to the file `speed`, elsewhere: durations are never the same twice.
    """
    write_csv(folder / TRAINING, history.training, ["iteration"])
    write_csv(folder / VALIDATION, history.validation, VALIDATION_COLUMNS)
    settings = {"run": run.model_dump(), "act": act.model_dump()}
    save(model, folder, settings, beside=[TRAINING, VALIDATION])
    write_csv(speed, history.speed, ["iteration"])
