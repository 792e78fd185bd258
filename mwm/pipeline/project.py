"""A DVC project opened for reading: its stages in order, without DVC's locks."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mwm import UsageError
from mwm.pipeline import git, ours
from mwm.pipeline.mend import refuse_conflicts
from mwm.runtime import vouched
from mwm.runtime.state import project_around


def root() -> Path:
    """The DVC project around the current folder; that folder if there is none."""
    return project_around(Path.cwd()) or Path.cwd()


def required() -> Path:
    """The DVC project around the current folder.

    Raises:
        UsageError: there is none.
    """
    if not (root() / ".dvc").is_dir():
        raise UsageError(
            f"{Path.cwd()}: expected a folder of a DVC project, found none here or above; go to "
            "one, or make one with `git init` and `dvc init`"
        )
    return root()


def belongs(path: Path, top: Path) -> bool:
    """Whether a file is of the project at `top`, not of one around it or inside it."""
    inside = [folder for folder in path.parents if folder.is_relative_to(top)]
    return top in inside and not any((f / ".dvc").is_dir() for f in inside if f != top)


def wanted(targets: Sequence[str] | None) -> list[str]:
    """The targets; without any the dvc.yaml of the current folder, else of the next one above."""
    here, top = Path.cwd(), root()
    folders = (each for each in (here, *here.parents) if each.is_relative_to(top))
    found = (folder / "dvc.yaml" for folder in folders if (folder / "dvc.yaml").is_file())
    return list(targets or [shown(str(next(found, Path("dvc.yaml"))))])


@contextmanager
def opened(wait: bool = True) -> Iterator[Any]:
    """The `dvc.repo.Repo` around the current folder; what DVC refuses ends in one line.

    If asked to lock something, it waits for other commands of DVC, or (`wait` False) for seconds.

    Raises:
        UsageError: no DVC project, a fault in its files, or a target that it does not know.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.stage.exceptions import StageNotFound
    from dvc.utils.serialize import ParseError

    from mwm.settings.lines import did_you_mean

    _refuse_lost(required())
    logging.getLogger("dvc").setLevel(logging.ERROR)  # else it tells what it would do
    ours.refuse_unreadable(root())
    try:
        with Repo(_wait_for_lock=wait) as repo:
            try:
                yield repo
            except StageNotFound as error:
                known = [stage.addressing for stage in repo.index.stages]
                meant = did_you_mean(error.name, known) or "; `dvc stage list` names all"
                raise UsageError(f"{error}{meant}") from None
    except DvcException as error:
        # Of a file that cannot be read, which may lie in a folder below.
        refuse_conflicts(Path(error.path).parent if isinstance(error, ParseError) else Path())
        ours.refuse_faults(root())
        raise UsageError(f"{' '.join(str(error).split())}; see `dvc status`") from None


def _refuse_lost(folder: Path) -> None:
    """Refuse a project that only lacks a file: its stages would count as gone.

    Raises:
        UsageError: it has a dvc.lock, but no dvc.yaml or params.yaml, though Git tracks one.
    """
    for name in ("dvc.yaml", "params.yaml"):
        lost = (folder / "dvc.lock").is_file() and not (folder / name).exists()
        if lost and folder / name in git.tracked(folder):
            path = shown(str(folder / name))
            raise UsageError(
                f"{path}: expected it beside dvc.lock, found none; `git checkout {path}` brings it "
                "back"
            )


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


def meta(stage: Any) -> dict[str, Any]:
    """What dvc.yaml says under `meta` of a stage; nothing of what is no mapping, as DVC allows."""
    return stage.meta if isinstance(stage.meta, dict) else {}


def commands(stage: Any) -> list[str]:
    """The commands of a stage: as DVC has it, one for each line."""
    lines = stage.cmd.splitlines() if isinstance(stage.cmd, str) else stage.cmd
    return [line for line in lines if line.strip()]


def rooted(addressing: str) -> str:
    """A stage's name as from the project's root, of its name as from the current folder."""
    file, _, name = addressing.rpartition(":")
    if not file and name.endswith(".dvc"):  # a file of `dvc add` or `dvc import`, which is a stage
        return Path(os.path.relpath(name, root())).as_posix()
    return vouched.named(root(), Path.cwd() / (file or "dvc.yaml"), name)


def relative(stage: Any, path: str) -> str:
    """A path as seen from the root of the stage's project."""
    return Path(os.path.relpath(path, stage.repo.root_dir)).as_posix()


def absolute(stage: Any, path: str) -> str:
    """A path as the system has it, of one as seen from the root of the stage's project."""
    return os.path.normpath(Path(stage.repo.root_dir, path))


def shown(path: str) -> str:
    """A path as seen from the current folder."""
    return Path(os.path.relpath(path)).as_posix()
