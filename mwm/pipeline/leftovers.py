"""What stages left behind that nothing lists any more: outputs, half files, checkpoints, notes."""

import glob
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm.pipeline import activity, git, project

CHECKPOINTS = (".mwm/checkpoints/*", "runs/*/.mwm/checkpoints/*")  # the second: those of studies


@dataclass(frozen=True)
class Leftover:
    """A file or folder that `mwm prune` may delete.

    Attributes:
        kind: output, temporary, checkpoint or progress.
        path: where it is.
        size: bytes.
    """

    kind: str
    path: Path
    size: int

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return vars(self) | {"path": project.shown(str(self.path))}


def find(repo: Any, stages: list[Any]) -> list[Leftover]:
    """All leftovers of a project; nothing that git tracks, a stage lists, or that is outside."""
    root = Path(repo.root_dir)
    listed = {Path(entry.fs_path) for entry in (*repo.index.outs, *repo.index.deps)}
    kept = listed | git.tracked(root)
    found: dict[Path, Leftover] = {}

    def add(kind: str, paths: Iterable[Path]) -> None:
        for path in paths:
            inside = path.parent.resolve().is_relative_to(root.resolve())
            if inside and path not in found and not _touches(path, kept):
                found[path] = Leftover(kind, path, _size(path))

    for folder, pattern in _patterns(stages):
        name = Path(pattern)
        half = name.with_name(f".{name.name}.????????{name.suffix}")  # as mwm.store names it
        add("output", folder.glob(pattern))
        add("temporary", folder.glob(str(half)))
    add("checkpoint", (path for pattern in CHECKPOINTS for path in root.glob(pattern)))
    add("progress", activity.progress(alive=False))
    return sorted(found.values(), key=lambda each: (each.kind, each.path))


def _patterns(stages: list[Any]) -> Iterator[tuple[Path, str]]:
    """What outputs of stages are called, whether there are such stages still or not.

    By dvc.lock, and by dvc.yaml, where `runs/${key}/model.safetensors` stands for all items.
    """
    import yaml

    for lock, file in project.lock_files(stages).items():
        outs = [
            out["path"]
            for entry in file.lockfile_contents.get("stages", {}).values()
            for out in entry.get("outs", [])
        ]
        for stage in yaml.safe_load(Path(file.path).read_text(encoding="utf-8"))["stages"].values():
            whole = stage.get("do", stage)
            for each in (*whole.get("outs", []), *whole.get("metrics", [])):
                outs.append(next(iter(each)) if isinstance(each, dict) else each)
        for out in dict.fromkeys(outs):
            if not out.startswith(("..", "/")):
                pattern = "*".join(map(glob.escape, re.split(r"\$\{[^}]*\}", out)))
                yield lock.parent, pattern


def _touches(path: Path, kept: set[Path]) -> bool:
    """Whether a path is missing, or is, holds or lies in something to be kept."""
    if not path.exists() and not path.is_symlink():
        return True
    return path in kept or any(path in each.parents or each in path.parents for each in kept)


def _size(path: Path) -> int:
    if path.is_dir() and not path.is_symlink():
        return sum(_size(each) for each in path.iterdir())
    return path.lstat().st_size if path.exists() or path.is_symlink() else 0
