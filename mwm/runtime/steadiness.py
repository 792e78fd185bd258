"""Whether what a stage reads stays as it is while the stage runs.

DVC hashes a stage's deps and params anew when the stage has ended, and records what it finds then:
an edit made meanwhile would be recorded as if it had been used (of code, data and params alike:
tests/runtime/test_steadiness.py), and the result be served from the run-cache ever after.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.runtime import rwlock
from mwm.runtime.processes import ancestors
from mwm.runtime.state import project_around

SMALL = 2**16  # bytes of a file that is kept as it is: of params, the values are compared


@dataclass(frozen=True)
class Deps:
    """What a stage reads: files, and folders, of the project `root`."""

    root: Path
    paths: list[Path]

    def contents(self) -> dict[Path, bytes]:
        """What is in the files, by path; of folders, in all files below that DVC hashes."""
        return {file: _content(file) for path in self.paths for file in self._files(path)}

    def _files(self, path: Path) -> list[Path]:
        if not path.is_dir():
            return [path]
        from dvc.fs import localfs
        from dvc.ignore import DvcIgnoreFilter

        hashed = DvcIgnoreFilter(localfs, str(self.root))  # what .dvcignore names is left out
        return [Path(file) for file in hashed.find(localfs, str(path))]


@contextmanager
def steady() -> Iterator[None]:
    """Let the block end well only if what DVC's stage reads stayed as it was; else watch nothing.

    Raises:
        MwmError: a dep, or a param that the stage declares, changed; DVC then stores nothing.
    """
    stage = os.environ.get("DVC_STAGE", "")
    deps = _read_by([process.pid for process in ancestors()]) if stage else None
    if deps is None:
        yield
        return
    before = deps.contents()
    yield
    now = deps.contents()
    for path in sorted(before.keys() | now.keys()):
        old, new = before.get(path, b""), now.get(path, b"")
        if old != new and _concerns(stage, path, old, new):
            raise MwmError(
                f"{os.path.relpath(path)}: expected it to stay as it was while {stage} ran, found "
                "it changed; the result may mix both and is not recorded, run the command again"
            )


def _read_by(pids: list[int]) -> Deps | None:
    """What one of these processes, DVC, has locked for reading alone; None if there is none."""
    for root in _projects():
        locks = rwlock.read(root)
        outs = locks.get("write", {}).keys()
        held = {
            path for path, who in locks.get("read", {}).items() for w in who if w["pid"] in pids
        }
        if held:
            return Deps(root.absolute(), [Path(path) for path in sorted(held - outs)])
    return None


def _projects() -> list[Path]:
    """Folders of which DVC may be running the stage: a study's commands leave theirs."""
    here = Path.cwd()
    around = project_around(here)
    return [Path(os.environ.get("DVC_ROOT", here)), *([around] if around else [])]


def _content(path: Path) -> bytes:
    """The bytes of a small file, with a mark that it is there, else a hash of them."""
    try:
        if path.stat().st_size < SMALL:
            return path.read_bytes() + b"\n"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError:
        return b""


def _concerns(stage: str, path: Path, old: bytes, new: bytes) -> bool:
    """Whether a changed file concerns the stage: of a file of params, only the keys it declares."""
    if path.suffix != ".yaml":
        return True
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    keys = _declared(stage.rpartition(":")[2], path)
    try:
        before, after = (YAML(typ="safe").load(content) for content in (old, new))
    except (YAMLError, UnicodeDecodeError):
        return True
    return keys is None or any(_value(before, key) != _value(after, key) for key in keys)


def _declared(name: str, path: Path) -> list[str] | None:
    """The keys that a stage declares of a file; None if it reads it whole, or is there no more."""
    from dvc.dependency.param import ParamsDependency
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    for root in _projects():
        try:
            stages = [each for each in Repo(root).index.stages if getattr(each, "name", "") == name]
        except DvcException:
            continue
        deps = [dep for stage in stages for dep in stage.deps if dep.fs_path == str(path)]
        if deps and all(isinstance(dep, ParamsDependency) and dep.params for dep in deps):
            return [key for dep in deps for key in dep.params]
    return None


def _value(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values
