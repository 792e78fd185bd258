"""Which files changed in a folder that a stage depends on: what dvc.lock hashed is found in Git."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.pipeline import git
from mwm.pipeline.project import shown
from mwm.pipeline.reasons import Reason
from mwm.pipeline.source import Source


class Folders:
    """The folders of a project `repo`, compared with Git."""

    def __init__(self, repo: Any) -> None:
        self._repo = repo
        self._found: dict[tuple[str, str], list[Reason]] = {}

    @functools.cached_property
    def _source(self) -> Source:
        return Source(self._repo)

    def named(self, stage: Any, reasons: list[Reason]) -> list[Reason]:
        """`reasons`, with the files that changed instead of a folder that holds them.

        A folder that the project's repository does not know, as one of data or a submodule, stays.
        """
        if not git.used(Path(self._repo.root_dir)):
            return reasons
        deps = {shown(dep.fs_path): dep for dep in stage.deps}
        named = []
        for reason in reasons:
            dep = deps.get(reason.what) if reason.kind == "dep" else None
            inside = self._inside(dep) if dep and Path(dep.fs_path).is_dir() else []
            named += inside or [reason]
        return named

    def _inside(self, dep: Any) -> list[Reason]:
        key = dep.fs_path, str(dep.hash_info.value)
        if key not in self._found:
            try:
                self._found[key] = list(self._compared(Path(dep.fs_path), key[1]))
            except MwmError:  # Git does not answer: then the folder is named
                self._found[key] = []
        return self._found[key]

    def _compared(self, folder: Path, digest: str) -> Iterator[Reason]:
        real, source = folder.resolve(), self._source
        if not git.used(real) or git.top(real) != source.top.resolve():
            return
        tracked = {path.relative_to(real).as_posix() for path in git.tracked(real)}
        if all(Path(name).name == ".gitignore" for name in tracked):  # DVC's, beside outputs
            return
        now = source.now(str(folder))
        path = source.below(str(real))
        before = source.history.folder(path, digest, source.kept(str(folder)))
        if before is None:
            changed = _since_the_lock(real, Path(self._repo.root_dir)) & {*tracked, *now}
        else:
            old = before
            changed = {name for name in old.keys() | now.keys() if old.get(name) != now.get(name)}
        for name in sorted(changed | (now.keys() - tracked)):
            kind = "untracked" if name in now and name not in tracked else "dep"
            yield Reason(kind, shown(str(folder / name)))


def _since_the_lock(folder: Path, root: Path) -> set[str]:
    """Files that differ from what they were when a dvc.lock of the project was last committed."""
    if not git.git(root, "rev-list", "--max-count=1", "--all"):
        return set()
    commit = git.git(root, "log", "-1", "--format=%H", "--", ":(glob)**/dvc.lock").decode().strip()
    if not commit:
        return set()
    words = ("diff", "--name-only", "--no-renames", "--relative", "-z", commit, "--", ".")
    return {name for name in os.fsdecode(git.git(folder, *words)).split("\0") if name}
