"""What an act leaves behind, and the folder that keeps it: weights, manifest and curves."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwm.io.tables import write_csv
from mwm.models.model import MetaWorldModel, save
from mwm.settings.train import Act, RunSettings

TRAINING, VALIDATION = "training.csv", "validation.csv"
VALIDATION_COLUMNS = ["iteration", "source", "target"]

Row = dict[str, Any]


@dataclass
class History:
    """Rows of iterations, of validations, and of speed."""

    training: list[Row] = field(default_factory=list)
    validation: list[Row] = field(default_factory=list)
    speed: list[Row] = field(default_factory=list)

    def then(self, later: "History") -> "History":
        """This, and what followed as if it were the same act: iterations count on."""
        before = len(self.training)
        parts = zip(vars(self).values(), vars(later).values(), strict=True)
        return History(
            *(
                rows + [row | {"iteration": before + row["iteration"]} for row in more]
                for rows, more in parts
            )
        )


def write(
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
