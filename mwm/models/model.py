"""The meta-world model: one V per world, one shared M; safetensors with a JSON manifest."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import torch
from pydantic import Field, ValidationError
from torch import nn

from mwm import ArtefactError, seeding
from mwm.io import records
from mwm.io.records import MANIFEST
from mwm.models import weights
from mwm.models.environment import environment
from mwm.models.memory import Memory
from mwm.models.visions import Vision
from mwm.models.visions.base import make
from mwm.settings.base import ORIGINAL, Name, Section
from mwm.settings.train import Model

WEIGHTS = "model.safetensors"


class MetaWorldModel(nn.Module):
    """V of every world in `worlds`, by name, and the M that they share."""

    def __init__(self, config: Model, worlds: Iterable[str], actions: int) -> None:
        super().__init__()
        self.config, self.actions = config, actions
        self.memory = Memory(config, actions)
        self.visions = nn.ModuleDict()
        for world in worlds:
            self.add(world)

    def add(self, world: str) -> None:
        """A fresh V for one more world."""
        self.visions[world] = make(self.config)

    @property
    def worlds(self) -> list[str]:
        """The worlds' names, the reference first."""
        return list(self.visions)

    def vision(self, world: str) -> Vision:
        """V of one world."""
        return cast(Vision, self.visions[world])

    def adopt(self, other: "MetaWorldModel") -> None:
        """Copy every V of another model into the V of the same world here."""
        for world in other.worlds:
            self.vision(world).load_state_dict(other.vision(world).state_dict())

    def has_anchor_of(self, other: "MetaWorldModel") -> bool:
        """Whether V of the original and M have another model's weights: latents mean the same."""
        if self.config != other.config or self.actions != other.actions:
            return False
        pairs = (
            (self.memory, other.memory),
            (self.vision(ORIGINAL), other.vision(ORIGINAL)),
        )
        return all(
            torch.equal(value, theirs.state_dict()[name])
            for mine, theirs in pairs
            for name, value in mine.state_dict().items()
        )


def initialise(config: Model, worlds: Iterable[str], actions: int, seed: int) -> MetaWorldModel:
    """A fresh model; each part's initial weights depend on the seed and its own name alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.derive(seed, "memory"))
        model = MetaWorldModel(config, [], actions)
        for world in worlds:
            torch.manual_seed(seeding.derive(seed, "vision", world))
            model.add(world)
    return model


class Manifest(Section, extra="ignore"):
    """What a model's manifest says of its form."""

    worlds: Annotated[list[Name], Field(min_length=1, max_length=1000)]
    actions: Annotated[int, Field(ge=1, le=256)]
    model: Model


def save(
    model: MetaWorldModel, folder: Path, settings: Mapping[str, Any], beside: Iterable[str] = ()
) -> None:
    """Write model.safetensors and manifest.json into `folder`.

    The same weights and settings give the same bytes; `settings` tell how it was trained. The
    manifest has checksums of the weights and of the files `beside` them in the folder.
    """
    manifest = {
        "kind": "meta-world model",
        "worlds": model.worlds,
        "actions": model.actions,
        "model": model.config.model_dump(),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "settings": settings,
        "environment": environment(next(model.parameters()).device),
    }
    weights.write(folder / WEIGHTS, model.state_dict())
    records.write_manifest(folder, [WEIGHTS, *beside], manifest)


def load(folder: Path, expected: Model | None = None) -> MetaWorldModel:
    """Read a model; no pickle is involved.

    Args:
        folder: holds model.safetensors and manifest.json.
        expected: the architecture that it must have.

    Raises:
        MwmError: a file is missing or damaged, or the architecture is another one.
    """
    manifest_path, weights_path = folder / MANIFEST, folder / WEIGHTS
    try:
        manifest = Manifest.model_validate(records.read(manifest_path))
    except ValidationError as error:
        said = " ".join(str(error).split())
        raise ArtefactError(
            f"{manifest_path}: expected a model's manifest, found: {said}"
        ) from None
    if expected is not None and manifest.model != expected:
        raise ArtefactError(f"{manifest_path}: {_difference(manifest.model, expected)}")
    found = weights.read(weights_path)
    form = manifest.model, manifest.worlds, manifest.actions
    with torch.device("meta"):  # shapes alone: a manifest may claim more than there is memory for
        weights.check(weights_path, found, MetaWorldModel(*form).state_dict())
    model = MetaWorldModel(*form)
    model.load_state_dict(found)
    return model


def _difference(found: Model, expected: Model) -> str:
    for key, value in expected.model_dump().items():
        if (other := getattr(found, key)) != value:
            return f"train.model.{key}: expected {value!r} (params.yaml), found {other!r}"
    raise AssertionError("no difference")
