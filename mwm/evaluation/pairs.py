"""Every metric and baseline for every ordered pair of worlds, and the criterion of success."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mwm.evaluation.scenes import Scene
from mwm.metrics.criterion import shortfalls
from mwm.metrics.errors import alignment, squared_error
from mwm.metrics.objects import Judge, f1, position
from mwm.metrics.readings import reading
from mwm.models.encoding import Encoded, decode, encode_sequences
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import unpack_bits

Row = dict[str, Any]


def judge_pairs(
    name: str, model: MetaWorldModel, scenes: Mapping[str, Scene], shuffle: Tensor
) -> list[Row]:
    """One row per ordered pair of worlds, a world with itself included.

    Args:
        name: of the model.
        model: holds every world of `scenes`.
        scenes: test sequences, b x t frames of every world.
        shuffle: (b x t,), an unrelated frame for each: what `chance` decodes.
    """
    latents = {w: encode_sequences(model, w, s.now, s.actions) for w, s in scenes.items()}
    rows: dict[tuple[str, str], Row] = {}
    for target, scene in scenes.items():
        own = _Own(model, target, scene, latents[target], shuffle)
        for source in scenes:
            rows[source, target] = {
                "model": name,
                "source": source,
                "target": target,
                "frames": len(shuffle),
                **own.against(latents[source]),
            }
    for (i, j), row in rows.items():
        row["upper_bound"] = rows[i, i]["reconstruction"]
        untranslated = decode(model, i, latents[i].code.flatten(0, 1))
        row["untranslated"] = _rounded(squared_error(untranslated, scenes[j].now.flatten(0, 1)))
        objects = list(scenes[j].judge.objects)
        row["success"] = None if i == j else not shortfalls([row, rows[j, i]], objects)
    return list(rows.values())


class _Own:
    """What the target world makes of its own code: the yardstick of every row with that target."""

    def __init__(
        self, model: MetaWorldModel, world: str, scene: Scene, latents: Encoded, shuffle: Tensor
    ) -> None:
        self._model, self._world, self._scene = model, world, scene
        self._now, self._after = scene.now.flatten(0, 1), scene.after.flatten(0, 1)
        truth = unpack_bits(self._now)
        self._truth = scene.judge.on_pixels(truth)
        drawn, predicted = self._draw(latents)
        self._errors = {
            "reconstruction": squared_error(drawn, self._now),
            "chance": squared_error(drawn[shuffle], self._now),
            "prediction": squared_error(predicted, self._after),
            "predicted_chance": squared_error(predicted[shuffle], self._after),
            "blank": self._truth.sum().item() / len(truth),
            "mean_frame": squared_error(scene.mean_frame.expand_as(truth), self._now),
        }
        self._f1 = {f"own_f1_{o}": f1(*self._boxes(drawn, o)) for o in scene.judge.objects}

    def against(self, source: Encoded) -> Row:
        """The metrics of decoding another world's latents here."""
        drawn, predicted = self._draw(source)
        own = self._errors
        transfer = squared_error(drawn, self._now)
        predicted_transfer = squared_error(predicted, self._after)
        measured: dict[str, float | None] = {
            **own,
            "transfer": transfer,
            "predicted_transfer": predicted_transfer,
            "alignment": alignment(transfer, own["reconstruction"], own["chance"]),
            "predicted_alignment": alignment(
                predicted_transfer, own["prediction"], own["predicted_chance"]
            ),
            **self._f1,
        }
        readings: dict[str, str] = {}
        for name in self._scene.judge.objects:
            found, truth = self._boxes(drawn, name)
            measured[f"f1_{name}"] = f1(found, truth)
            measured[f"distance_{name}"], measured[f"found_{name}"] = position(found, truth)
            readings[f"reading_{name}"] = reading(found, truth, self._scene.now.shape[1])
        return {key: _rounded(value) for key, value in measured.items()} | readings

    def _draw(self, latents: Encoded) -> tuple[Tensor, Tensor]:
        code, prediction = (decode(self._model, self._world, z.flatten(0, 1)) for z in latents)
        return code, prediction

    def _boxes(self, drawn: Tensor, name: str) -> tuple[Tensor, Tensor]:
        judge: Judge = self._scene.judge
        return judge.box(judge.on_pixels(drawn), name), judge.box(self._truth, name)


def _rounded(value: float | None) -> float | None:
    """Six decimals are more than a metric means; not a number becomes None, which JSON knows."""
    return None if value is None or math.isnan(value) else round(value, 6)
