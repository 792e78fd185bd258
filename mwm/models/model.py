"""The meta-world model: one V per world, one shared M; safetensors with a JSON manifest."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from mwm import ArtefactError, seeding
from mwm.io import records, system
from mwm.io.files import replacing
from mwm.io.records import MANIFEST
from mwm.models.environment import environment
from mwm.models.memory import Memory
from mwm.models.visions import Vision
from mwm.models.visions.base import make
from mwm.settings.base import Name, Section
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
    with replacing(folder / WEIGHTS) as temporary:
        # Not save_file: it hides the cause of a failed write.
        tensors = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
        temporary.write_bytes(to_bytes(tensors))
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
    content = records.read_listed(weights_path)
    try:
        weights = from_bytes(content)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        if system.out_of_memory(error):
            raise
        said = " ".join(str(error).split())
        raise ArtefactError(f"{weights_path}: expected safetensors, found: {said}") from None
    form = manifest.model, manifest.worlds, manifest.actions
    with torch.device("meta"):  # shapes alone: a manifest may claim more than there is memory for
        _check_weights(weights_path, weights, MetaWorldModel(*form).state_dict())
    model = MetaWorldModel(*form)
    model.load_state_dict(weights)
    return model


def _difference(found: Model, expected: Model) -> str:
    for key, value in expected.model_dump().items():
        if (other := getattr(found, key)) != value:
            return f"train.model.{key}: expected {value!r} (params.yaml), found {other!r}"
    raise AssertionError("no difference")


def _check_weights(path: Path, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Refuse a file whose tensors are not those of the manifest's architecture."""
    for name in sorted(found.keys() | expected.keys()):
        have, want = (_describe(tensors.get(name)) for tensors in (found, expected))
        if have != want:
            raise ArtefactError(f"{path}: {name}: expected {want}, found {have}")
        if found[name].is_floating_point() and not found[name].isfinite().all():
            raise ArtefactError(f"{path}: {name}: expected finite numbers, found others")


def _describe(tensor: Tensor | None) -> str:
    return "none" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}"
