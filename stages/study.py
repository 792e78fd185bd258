"""Train all of a study: training.json, data/worlds/*.h5 -> runs/*, seconds/*."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import RUNS, Data

if TYPE_CHECKING:
    from mwm.settings.train import Train

app = commands.application(__doc__)

SECONDS = Path("seconds")
VISION = ("vision", "latent", "hidden", "rank", "loss", "rare_pixels")  # of the model: V's
SHARED = ("run", "batch", *(f"model.{name}" for name in VISION))  # settings of every act
MEMORY = ("model.memory", "model.predicts")  # M's


@commands.stage(app)
def study(
    data: Data,
    base: Annotated[
        Path | None, typer.Option(help="folder of a study: what both train alike is taken from it")
    ] = None,
) -> None:
    """Train V of every world, the anchor and every run, as the default run does, one by one.

    After an interruption the acts that had ended are restored from their checkpoints.
    """
    from mwm.io import files
    from mwm.runtime import locks

    settings = _settings(Path())
    others = _settings(base) if base else None
    locks.claim_folder(SECONDS)
    for act in _acts(settings, data):
        if base and others and act.alike(settings, others) and (base / RUNS / act.place).is_dir():
            _take(base / RUNS / act.place, RUNS / act.place, settings)
            took = f"{act.name}.json"
            files.copy(base / SECONDS / took, SECONDS / took)
        else:
            with _timed(act.name, settings):
                act.perform()


def _settings(folder: Path) -> "Train":
    """The section `train` of a study's params."""
    from mwm.io import records
    from mwm.settings.train import TRAINING, Train

    return Train.model_validate(records.read(folder / TRAINING))


@dataclass(frozen=True)
class Act:
    """A part of a study's training.

    Attributes:
        name: of the file that tells how long it took.
        place: the folder in runs/ that it makes.
        reads: what it depends on beside SHARED, by path in the section `train`.
        perform: do it.
    """

    name: str
    place: str
    reads: tuple[str, ...]
    perform: Callable[[], None]

    def alike(self, one: "Train", other: "Train") -> bool:
        """Whether it gives the same with two studies' settings, on the same data."""
        return all(_value(one, path) == _value(other, path) for path in (*SHARED, *self.reads))


def _acts(settings: "Train", data: Path) -> Iterator[Act]:
    """All acts of a study, in order."""
    from stages import decipher, recruit, smooth, train, unite

    # Where M learns nothing and says nothing, it is as it was initialised, whatever V learns.
    seen_by = MEMORY if settings.see.prediction_steps else ()
    for world in dict.fromkeys(world for run in settings.runs.values() for world in run.worlds):
        see = partial(train.see, world, data, RUNS)
        yield Act(f"train-see-{world}", f"see/{world}", ("see", *seen_by), see)
    anchored = ("see", "anchor", "record", *MEMORY)
    yield Act("train-anchor", "anchor", anchored, partial(train.anchor, data, RUNS))
    smoothed = ("see", "smooth", *seen_by)
    yield Act("train-smooth", "smooth", smoothed, partial(smooth.smooth, data, RUNS))
    for run in settings.runs:
        found = ("see", "decipher.states", "decipher.restarts", f"runs.{run}", *seen_by)
        look = partial(decipher.decipher, run, data, RUNS)
        yield Act(f"decipher-{run}", f"decipher/{run}", found, look)
        aligned = (*found, "record", "smooth", "decipher", "recruit", "joint")
        if settings.run.schedule == "joint" or settings.recruit.prediction_steps:
            aligned = (*aligned, *MEMORY)
        align = partial(recruit.recruit, run, data, RUNS)
        yield Act(f"train-recruit-{run}", f"recruit/{run}", aligned, align)
        whole = (*anchored, *aligned)
        yield Act(f"unite-{run}", run, whole, partial(unite.unite, run, RUNS))


def _take(source: Path, target: Path, settings: "Train") -> None:
    """Take an act's folder from a study; of a model whose M has another form, V alone."""
    from mwm.io import files, records
    from mwm.models.model import WEIGHTS, initialise, load, save

    files.copy(source, target)
    if not (target / WEIGHTS).is_file() or (taken := load(target)).config == settings.model:
        return
    model = initialise(settings.model, taken.worlds, taken.actions, settings.run.seed)
    model.adopt(taken)
    manifest = records.read(target / records.MANIFEST)
    beside = [name for name in manifest[records.FILES] if name != WEIGHTS]
    save(model, target, manifest["settings"], beside)


def _value(settings: "Train", path: str) -> object:
    """The value at a path such as runs.mirror; None if there is none."""
    value: object = settings
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else getattr(value, part)
    return value


@contextmanager
def _timed(act: str, settings: "Train") -> Iterator[None]:
    """Note how long an act took: also before an interruption, beside its checkpoints."""
    from mwm.io import checkpoints, records
    from mwm.runtime.state import shelf

    key = checkpoints.fingerprint(settings.model_dump())
    kept = checkpoints.place(shelf(), f"seconds {act}", key) / "seconds.json"
    before = records.read(kept)["seconds"] if kept.is_file() else 0.0
    started = time.monotonic()
    try:
        yield
    finally:
        took = {"seconds": round(before + time.monotonic() - started, 1)}
        records.write(kept, took)
    records.write(SECONDS / f"{act}.json", took)


if __name__ == "__main__":
    app()
