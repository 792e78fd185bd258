"""The trained models that mwm comes with: all worlds, M and a policy, a byte per weight."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from mwm import ArtefactError, UsageError
from mwm.io import records
from mwm.library.quantise import TRAINING, dequantise, quantise
from mwm.models import weights
from mwm.models.model import Manifest, MetaWorldModel

NAME = "pretrained"  # by which `mwm.load` and `mwm.load_player` know them
FOLDER = Path(__file__).parents[1] / NAME
WEIGHTS = "weights.safetensors"


def write(
    folder: Path, model: MetaWorldModel, policy: Mapping[str, Tensor], notes: Mapping[str, Any]
) -> None:
    """Write quantised weights and a manifest into `folder`; the same models give the same bytes.

    Args:
        folder: to write to.
        model: all worlds, and M.
        policy: the weights of a policy that acts on their codes.
        notes: what else the manifest is to say, as how the policy was trained.
    """
    packed = (
        {name: torch.from_numpy(values) for name, values in quantise(state).items()}
        for state in (model.state_dict(), policy)
    )
    weights.write(folder / WEIGHTS, weights.join(*packed))
    about = {"worlds": model.worlds, "actions": model.actions, "model": model.config.model_dump()}
    records.write_manifest(folder, [WEIGHTS], {**notes, "kind": NAME, **about})


def read(folder: Path = FOLDER) -> tuple[MetaWorldModel, dict[str, Tensor], dict[str, Any]]:
    """The model of all worlds, the policy's weights, and the manifest; no pickle is involved.

    Raises:
        UsageError: this copy of mwm has none.
        ArtefactError: a file is damaged.
    """
    path = folder / records.MANIFEST
    if not path.is_file():
        raise UsageError(
            f"{NAME}: expected the models that mwm comes with, found none in this copy; load those "
            "of a pipeline, mwm.load('runs')"
        )
    content = records.read(path)
    try:
        about = Manifest.model_validate(content)
    except ValidationError as error:
        said = " ".join(str(error).split())
        raise ArtefactError(f"{path}: expected pretrained models, found: {said}") from None
    state, policy = (
        dequantise({name: value.numpy() for name, value in part.items()})
        for part in weights.split(weights.read(folder / WEIGHTS))
    )
    form = about.model, about.worlds, about.actions
    with torch.device("meta"):  # shapes alone: a manifest may claim more than there is memory for
        shapes = MetaWorldModel(*form)
        expected = {k: v for k, v in shapes.state_dict().items() if k not in _left_out(shapes)}
        weights.check(folder / WEIGHTS, state, expected)
    model = MetaWorldModel(*form)
    model.load_state_dict(state | _left_out(model))
    return model.eval(), policy, content


def rounded(model: MetaWorldModel) -> MetaWorldModel:
    """What `write` and `read` make of a model."""
    other = MetaWorldModel(model.config, model.worlds, model.actions)
    other.load_state_dict(dequantise(quantise(model.state_dict())) | _left_out(model))
    return other.eval()


def _left_out(model: MetaWorldModel) -> dict[str, Tensor]:
    """What a model keeps that `quantise` leaves out: the weights of pixels in V's loss."""
    return {
        name: value for name, value in model.state_dict().items() if name.endswith(f".{TRAINING}")
    }
