"""The rules that params.yaml and dvc.yaml keep in this project, and in no other of DVC's."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mwm import UsageError
from mwm.runtime import declared

OURS = b"-m stages."  # in a dvc.yaml whose params.yaml follows our schema
CODE = "mwm/settings"  # another project may have a package `stages`, but not that
EVALUATE = "-m stages.evaluate"


def refuse_unreadable(root: Path) -> None:
    """Name the line of what DVC calls a corrupted file, or would never have read to its end.

    Raises:
        UsageError: the params.yaml in `root` is no YAML as ours is.
    """
    from mwm.settings import lines

    if path := _params(root):
        lines.read(path)


def refuse_faults(root: Path, stages: Iterable[Any] = ()) -> None:
    """Stop at what no stage would accept, before one runs.

    Raises:
        UsageError: in the params.yaml of `root`; or in its dvc.yaml an evaluation among `stages`
            does not list what it reads; or the foreign plays are of another game.
    """
    from mwm.io.plays import check_game
    from mwm.settings import params

    if not (path := _params(root)):
        return
    p = params.load(path)
    runs = {name: run.worlds for name, run in p.train.runs.items()}
    for stage in stages:
        if EVALUATE in str(stage.cmd) and Path(stage.path).parent == root:
            deps = [os.path.relpath(dep.fs_path, root) for dep in stage.deps]
            declared.refuse(stage.addressing, runs, p.evaluate.plays, deps)
    if p.evaluate.plays and (plays := path.parent / p.evaluate.plays).is_file():
        check_game(plays, p.collect.game)  # DVC tells if there is none


def faults(root: Path, stages: Iterable[Any]) -> list[str]:
    """What `refuse_faults` would stop at, one line each."""
    try:
        refuse_faults(root, stages)
    except UsageError as error:
        return str(error).split("\nerror: ")
    return []


def params_beside(stage: Any) -> list[str]:
    """The params.yaml of a study: its stages read it, but depend on the section `train` alone."""
    from mwm.settings.train import TRAINING

    deps = (Path(dep.fs_path) for dep in stage.deps)
    return [str(dep.with_name("params.yaml")) for dep in deps if dep.name == TRAINING]


def is_ours(root: Path) -> bool:
    """Whether the dvc.yaml in `root` has stages of this project, whose code is there, too."""
    pipeline = root / declared.PIPELINE
    there = pipeline.is_file() and (root / CODE).is_dir()
    return there and OURS in pipeline.read_bytes()


def _params(root: Path) -> Path | None:
    """As seen from here, if there is one and it is ours."""
    path = root / "params.yaml"
    return Path(os.path.relpath(path)) if path.exists() and is_ours(root) else None
