"""All that is measured of trained models: the tables of an evaluation, and its films."""

from collections.abc import Mapping, Sequence
from pathlib import Path

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


def measure(
    models: Mapping[str, MetaWorldModel],
    frames: Mapping[str, Frames],
    foreign: Mapping[str, Frames],
    alone: Path,
    settings: Evaluate,
) -> tuple[dict[str, list[Row]], dict[str, Film]]:
    """Measure every model: rows by table, and a film by model.

    Args:
        models: by name.
        frames: of every world of the models.
        foreign: foreign plays in the same worlds; none: they are not measured.
        alone: folder of the Vs as pretrained on their world alone, the control of the mirror test.
        settings: params `evaluate`.

    Raises:
        MwmError: worlds show different plays, no test episode is long enough, or a pretrained V is
            missing or damaged.
    """
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    shown, films = scenes.choose(frames[ORIGINAL], settings), {}
    for name, model in models.items():
        worlds = {world: frames[world] for world in model.worlds}
        away = {world: foreign[world] for world in model.worlds if world in foreign}
        control = with_pretrained_visions(model, alone)
        tables["pairs.csv"] += evaluate_pairs(name, model, worlds, settings)
        if away:
            tables["foreign.csv"] += evaluate_pairs(name, model, away, settings)
        for plays, of in (("random", worlds), ("foreign", away)):
            tables["field.csv"] += field.field(name, model, plays, of, settings)
        tables["dreams.csv"] += dreams.dreams(name, model, worlds, settings)
        tables["mirror_test.csv"] += mirror_test.mirror_test(name, model, worlds, settings)
        tables["mirror_test.csv"] += mirror_test.mirror_test("alone", control, worlds, settings)
        tables["elements.csv"] += latent_elements(name, model, worlds, settings)
        films[name] = make_film(model, worlds, shown)
    return tables, films
