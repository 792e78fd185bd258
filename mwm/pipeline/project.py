"""A DVC project opened for reading: its stages in order, without DVC's locks."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mwm import UsageError


@contextmanager
def opened() -> Iterator[Any]:
    """The `dvc.repo.Repo` around the current folder; what DVC refuses ends in one line.

    Raises:
        UsageError: no DVC project, a fault in its files, or a target that it does not know.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            yield repo
    except DvcException as error:
        raise UsageError(f"{' '.join(str(error).split())}; see `dvc status`") from None


def ordered(repo: Any, targets: Sequence[str]) -> list[Any]:
    """The targets' stages and all that they come from, as `dvc repro` visits them.

    Without targets: all stages of the project.
    """
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    wanted = collect_stages(repo, targets) if targets else None
    return list(plan_repro(get_active_graph(repo.index.graph), wanted))


def upstream(repo: Any, stage: Any) -> list[Any]:
    """The stages whose outputs `stage` reads; none for a frozen one."""
    return [] if stage.frozen else list(repo.index.graph.successors(stage))


def shown(path: str) -> str:
    """A path as seen from the current folder."""
    return Path(os.path.relpath(path)).as_posix()


def lock_file(stage: Any) -> Path:
    """The dvc.lock that holds a stage of a dvc.yaml."""
    return Path(stage.path).with_suffix(".lock")


def gone(stages: Sequence[Any]) -> list[tuple[Path, str]]:
    """Entries of dvc.lock, by file and name, of which the dvc.yaml beside has no stage."""
    files = {stage.dvcfile.path: stage.dvcfile for stage in stages if hasattr(stage, "name")}
    return [
        (Path(path).with_suffix(".lock"), name)
        for path, file in files.items()
        for name in file.lockfile_contents.get("stages", {}).keys() - file.stages.keys()
    ]
