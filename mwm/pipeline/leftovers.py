"""What stages left behind that nothing lists any more: outputs, half files, checkpoints, notes."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm.io import files
from mwm.pipeline import activity, git, lock_entries, past_outputs, project

PROJECT = (".git", ".dvc")  # what the root of a project holds


@dataclass(frozen=True)
class Leftover:
    """A file or folder that `mwm prune` may delete.

    Attributes:
        kind: output, temporary, checkpoint or progress.
        path: where it is.
        size: bytes.
        why: what made it, and how that is known.
    """

    kind: str
    path: Path
    size: int
    why: str

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return vars(self) | {"path": project.shown(str(self.path))}


def find(repo: Any, stages: list[Any]) -> list[Leftover]:
    """All leftovers of a project: outputs that a record names, and what lies beside them.

    Raises:
        MwmError: Git does not tell what it tracks.
    """
    root = Path(repo.root_dir)
    outs = {Path(out.fs_path) for out in repo.index.outs}
    folders = {folder for out in outs for folder in out.parents}
    # A dep such as data/worlds is a folder of outputs: what a world left there is none of them.
    deps = {Path(dep.fs_path) for dep in repo.index.deps} - folders
    kept = Kept(root, outs | deps | _locked(stages) | git.tracked(root))
    outputs = past_outputs.outputs(repo, stages, kept.keeps)
    made = outputs.keys() | outs
    found = [
        *(("output", path, why) for path, why in outputs.items() if not kept.hidden(path)),
        *(("temporary", *half) for half in _halves(made) if not kept.hidden(half[0].parent)),
        *(("checkpoint", path, "of a stage that is gone") for path in _checkpoints(root, stages)),
        *(("progress", path, "of a process that is gone") for path in activity.progress(False)),
    ]
    kinds = {path: (kind, why) for kind, path, why in found if not kept.keeps(path)}
    leftovers = [
        Leftover(kind, path, _size(path), why)
        for path, (kind, why) in kinds.items()
        if not kinds.keys() & set(path.parents)  # else it goes with what it lies in
    ]
    return sorted(leftovers, key=lambda each: (each.kind, each.path))


class Kept:
    """What is never to be deleted in a project, whatever a record says."""

    def __init__(self, root: Path, paths: Iterable[Path]) -> None:
        """`paths` stay, and so does what holds them and what is in them."""
        self._root = root
        self._paths = {*paths, root}
        self._above = {parent for path in self._paths for parent in path.parents}

    def hidden(self, path: Path) -> bool:
        """Whether a path is outside the project, or a part of it begins with a dot."""
        if not path.is_relative_to(self._root):
            return True
        return any(part.startswith(".") for part in path.relative_to(self._root).parts)

    def keeps(self, path: Path) -> bool:
        """Whether a path stays, is not there, or is not the project's own."""
        if not os.path.lexists(path) or path in self._above or path in self._paths:
            return True
        if self._root not in path.parents or path.parent.resolve() != self._real(path.parent):
            return True  # outside, or reached through a link
        folders = [parent for parent in path.parents if self._root in parent.parents]
        if any(folder in self._paths for folder in folders):
            return True
        return any(map(_is_project, folders)) or _holds_project(path)

    def _real(self, path: Path) -> Path:
        return self._root.resolve() / path.relative_to(self._root)


def _locked(stages: list[Any]) -> set[Path]:
    """What dvc.lock names as outputs of stages that are still there."""
    folders = {(each.path, each.name): each.wdir for each in stages if hasattr(each, "name")}
    return {
        Path(os.path.normpath(Path(folders[file.path, name]) / out["path"]))
        for file in lock_entries.lock_files(stages).values()
        for name, entry in file.lockfile_contents.get("stages", {}).items()
        if (file.path, name) in folders
        for out in entry.get("outs", [])
    }


def _halves(made: set[Path]) -> Iterator[tuple[Path, str]]:
    """Files with the temporary name of an output, beside where it is or was."""
    for folder in {path.parent for path in made}:
        for path in folder.glob(".*") if folder.is_dir() else ():
            name = files.final_name(path)
            if name and folder / name in made and path.is_file() and not path.is_symlink():
                yield path, f"{name}, half-written by a process that was killed"


def _checkpoints(root: Path, stages: list[Any]) -> Iterator[Path]:
    """Folders of checkpoints of stages that are gone: of a study it is enough that one is there.

    A folder is named as its stage, or as what is done to its item: `recruit-mirror` is of
    `recruit@mirror`, and so is `join-mirror`.
    """
    names = {stage.name.replace("@", "-") for stage in stages if hasattr(stage, "name")}
    items = {name.partition("-")[2] for name in names}
    for path in root.glob(".mwm/checkpoints/*"):
        if path.name not in names and path.name.partition("-")[2] not in items - {""}:
            yield path
    written = {
        folder for stage in stages for out in stage.outs for folder in Path(out.fs_path).parents
    }
    for path in root.glob(f"{activity.STUDIES}/checkpoints/*"):
        if path.parents[2] not in written:
            yield path


def _is_project(folder: Path) -> bool:
    return any(os.path.lexists(folder / name) for name in PROJECT)


def _holds_project(path: Path) -> bool:
    """Whether a folder is, or holds, the root of a project of its own."""
    return not path.is_symlink() and any(
        name in PROJECT for _, folders, files in os.walk(path) for name in (*folders, *files)
    )


def _size(path: Path) -> int:
    if path.is_dir() and not path.is_symlink():
        return sum(_size(each) for each in path.iterdir())
    return path.lstat().st_size if path.exists() or path.is_symlink() else 0
