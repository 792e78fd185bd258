"""The folder of a trained model: weights, manifest and curves."""

import os
from pathlib import Path

from mwm.models.model import MetaWorldModel, save
from mwm.params import Act, RunSettings
from mwm.training.loop import History
from mwm.training.record import write_csv

VALIDATION_COLUMNS = ["iteration", "source", "target"]


def keep(folder: Path, model: MetaWorldModel, history: History, run: RunSettings, act: Act) -> None:
    """Write model.safetensors, manifest.json, training.csv and validation.csv into `folder`.

    Frames per second go to .mwm/speed/, since outs that hold durations are never the same twice.
    """
    save(model, folder, {"run": run.model_dump(), "act": act.model_dump()})
    write_csv(folder / "training.csv", history.training, ["iteration"])
    write_csv(folder / "validation.csv", history.validation, VALIDATION_COLUMNS)
    state = Path(os.environ.get("DVC_ROOT", ".")) / ".mwm"
    write_csv(state / "speed" / f"{'-'.join(folder.parts)}.csv", history.speed, ["iteration"])
