"""All that is measured of trained models: the tables of an evaluation, and its films."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path

import torch

from mwm.evaluation import dreams, field, mirror_test, scenes
from mwm.evaluation.assemble import with_pretrained_visions
from mwm.evaluation.elements import latent_elements
from mwm.evaluation.film import make_film
from mwm.evaluation.pairs import Row, evaluate_pairs
from mwm.evaluation.tables import CURVES
from mwm.io.film import Film
from mwm.io.frames import Frames
from mwm.models.model import MetaWorldModel
from mwm.settings.base import ORIGINAL
from mwm.settings.evaluate import Evaluate

COLUMNS: Mapping[str, Sequence[str]] = {  # of each table, those that it has even without rows
    "pairs.csv": [],
    "curves.csv": CURVES,  # gathered, not measured
    "foreign.csv": ["model", "source", "target"],
    "field.csv": field.COLUMNS,
    "dreams.csv": dreams.COLUMNS,
    "elements.csv": [],
    "mirror_test.csv": mirror_test.COLUMNS,
}


Measurement = tuple[str, Callable[[], list[Row]]]  # a table, and what makes rows of it


def measure(
    models: Mapping[str, MetaWorldModel],
    frames: Mapping[str, Frames],
    foreign: Mapping[str, Frames],
    alone: Path,
    settings: Evaluate,
    workers: int = 1,
) -> tuple[dict[str, list[Row]], dict[str, Film]]:
    """Measure every model: rows by table, and a film by model.

    Args:
        models: by name.
        frames: of every world of the models.
        foreign: foreign plays in the same worlds; none: they are not measured.
        alone: folder of the Vs as pretrained on their world alone, the control of the mirror test.
        settings: params `evaluate`.
        workers: threads that measure side by side; the numbers do not depend on it.

    Raises:
        MwmError: worlds show different plays, no test episode is long enough, or a pretrained V is
            missing or damaged.
    """
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    shown, films = scenes.choose(frames[ORIGINAL], settings), {}
    planned = [
        each for item in models.items() for each in _plan(*item, frames, foreign, alone, settings)
    ]
    each_as_here = torch.set_num_threads, (torch.get_num_threads(),)
    pool = ThreadPool(workers, *each_as_here)  # its threads are daemons: Ctrl-C ends them
    try:
        measured = pool.imap(lambda planned: planned[1](), planned)
        for (table, _), rows in zip(planned, measured, strict=True):
            tables[table] += rows
    except Exception:
        pool.terminate()
        pool.join()  # a thread that still computes would abort Python as it ends
        raise
    pool.terminate()
    for name, model in models.items():
        films[name] = make_film(model, {world: frames[world] for world in model.worlds}, shown)
    return tables, films


def _plan(
    name: str,
    model: MetaWorldModel,
    frames: Mapping[str, Frames],
    foreign: Mapping[str, Frames],
    alone: Path,
    settings: Evaluate,
) -> Iterator[Measurement]:
    """All that is measured of one model; what takes longest comes first."""
    worlds = {world: frames[world] for world in model.worlds}
    away = {world: foreign[world] for world in model.worlds if world in foreign}
    control = with_pretrained_visions(model, alone)
    yield "pairs.csv", partial(evaluate_pairs, name, model, worlds, settings)
    if away:
        yield "foreign.csv", partial(evaluate_pairs, name, model, away, settings)
    yield "dreams.csv", partial(dreams.dreams, name, model, worlds, settings)
    yield "mirror_test.csv", partial(mirror_test.mirror_test, name, model, worlds, settings)
    yield "mirror_test.csv", partial(mirror_test.mirror_test, "alone", control, worlds, settings)
    for plays, of in (("random", worlds), ("foreign", away)):
        yield "field.csv", partial(field.field, name, model, plays, of, settings)
    yield "elements.csv", partial(latent_elements, name, model, worlds, settings)
