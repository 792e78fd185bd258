"""`mwm.load`: a trained model from a run's folder, or from the folder of all runs."""

import os
import warnings
from functools import cache
from pathlib import Path

import torch

from mwm import ArtefactError, MwmError, UsageError
from mwm.evaluation.assemble import ANCHORED, DifferentAnchorsError, assemble
from mwm.io import records, system
from mwm.library import pretrained
from mwm.library.arguments import path_of
from mwm.library.model import TrainedModel
from mwm.models import selftest
from mwm.models.model import MetaWorldModel
from mwm.models.model import load as load_one


def load(folder: Path | str) -> TrainedModel:
    """Read a trained model.

    Args:
        folder: "pretrained": the models that mwm comes with. Or "runs", of a finished pipeline: all
            worlds of all runs in one model. Or the folder of one trained model, such as
            "runs/mirror", "runs/see/mirror" or "runs/anchor".

    Raises:
        UsageError: there is no such folder.
        ArtefactError: it holds a player or no trained model, a file is missing or damaged, or its
            runs have different anchors, so that the latents of one mean nothing to another.
        MwmError: the system does not let it be read.

    Warns:
        RuntimeWarning: once per process, if PyTorch's LSTM with gradients is wrong in this one.
    """
    _warn_if_wrong()
    if isinstance(folder, str) and folder == pretrained.NAME:
        return TrainedModel(pretrained.read()[0])
    path = path_of("mwm.load", folder)
    if not os.path.isdir(path):  # noqa: PTH112 (Path's raises if the name is too long)
        raise UsageError(
            f"mwm.load: expected a folder of trained models, such as 'runs' or 'runs/mirror', "
            f"found none at {str(path)!r}"
        )
    try:
        return TrainedModel(_module(path))
    except PermissionError as error:
        raise MwmError(f"{error.filename}: cannot be read: {system.told(error)}") from None


@cache
def _warn_if_wrong() -> None:
    try:
        selftest.check(torch.device("cpu"))
    except MwmError as error:
        warnings.warn(f"mwm.load: {error}", RuntimeWarning, stacklevel=3)


def _module(path: Path) -> MetaWorldModel:
    """The model of a folder, or all runs in one."""
    if (path / records.MANIFEST).is_file():
        kind = records.read(path / records.MANIFEST).get("kind")
        if kind == pretrained.NAME:
            return pretrained.read(path)[0]
        if kind == "player":
            raise ArtefactError(
                f'{path}: expected trained models, found a player; write mwm.load_player("{path}")'
            )
        return load_one(path)
    trained = {part: _worlds(part) for part in sorted(path.iterdir())}
    runs = [part for part, worlds in trained.items() if len(worlds) > 1]
    if not runs:
        single = [part for part, worlds in trained.items() if worlds]
        inner = [*single, *(part for part in (path / "runs",) if part.is_dir())]
        advice = f'; write mwm.load("{inner[0]}")' if inner else ""
        raise ArtefactError(f"{path}: expected runs of two worlds or more, found none{advice}")
    try:
        return assemble(runs, one_anchor=True)[ANCHORED]
    except DifferentAnchorsError as error:
        raise ArtefactError(f'{error}; write mwm.load("{runs[0]}") for one of them') from None


def _worlds(folder: Path) -> list[str]:
    """The worlds of the model in `folder` by its manifest; none if there is no model."""
    manifest = folder / records.MANIFEST
    worlds = records.read(manifest).get("worlds", []) if manifest.is_file() else []
    return worlds if isinstance(worlds, list) else []
