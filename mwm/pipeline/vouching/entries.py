"""Entries of dvc.lock, found by the outputs that they record: stages may have been renamed."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm.pipeline.project import belongs


@dataclass(frozen=True)
class Entry:
    """What a dvc.lock records of a stage.

    Attributes:
        lock: the file.
        name: of the stage, when it ran.
        data: the entry as it stands there.
        base: the folder that paths in `data` are relative to.
    """

    lock: Path
    name: str
    data: dict[str, Any]
    base: str

    def hashes(self, kind: str) -> dict[str, str]:
        """The hashes of its `deps` or `outs` by absolute path."""
        listed = self.data.get(kind, [])
        return {self._absolute(each["path"]): each.get("md5", "") for each in listed}

    def params(self) -> dict[str, dict[str, Any]]:
        """The values of params by the absolute path of their file."""
        found = self.data.get("params", {}).items()
        return {self._absolute(path): values for path, values in found}

    def seen_from(self, folder: str) -> dict[str, Any]:
        """`data` with paths relative to another folder."""

        def moved(path: str) -> str:
            return Path(os.path.relpath(self._absolute(path), folder)).as_posix()

        found = dict(self.data)
        for kind in found.keys() & {"deps", "outs"}:
            found[kind] = [each | {"path": moved(each["path"])} for each in found[kind]]
        if "params" in found:
            found["params"] = {moved(path): each for path, each in found["params"].items()}
        return found

    def _absolute(self, path: str) -> str:
        return os.path.normpath(Path(self.base, path))


def read(repo: Any, files: Iterable[Path], stages: Iterable[Any]) -> list[Entry]:
    """The entries of every dvc.lock of the project among `files`, and of those of its stages."""
    from dvc.utils.serialize import load_yaml

    root = Path(repo.root_dir)
    own = {(Path(s.dvcfile.path).with_suffix(".lock"), s.name): s.wdir for s in stages}
    locks = {path for path in files if path.name == "dvc.lock" and belongs(path, root)}
    locks |= {path for path, _ in own if path.is_file()}
    return [
        Entry(path, name, data, own.get((path, name), str(path.parent)))
        for path in sorted(locks)
        for name, data in load_yaml(path).get("stages", {}).items()
    ]


def match(stages: Iterable[Any], entries: list[Entry]) -> dict[Any, Entry]:
    """By stage, the one entry that records all its outputs; its own, if that does."""
    outs = {id(entry): entry.hashes("outs").keys() for entry in entries}
    found = {}
    for stage in stages:
        lock = Path(stage.dvcfile.path).with_suffix(".lock")
        wanted = {out.fs_path for out in stage.outs}
        having = [entry for entry in entries if wanted and wanted <= outs[id(entry)]]
        own = [entry for entry in entries if (entry.lock, entry.name) == (lock, stage.name)]
        fitting = [entry for entry in own if wanted <= outs[id(entry)]] or having
        if len(fitting) == 1:
            found[stage] = fitting[0]
    return found
