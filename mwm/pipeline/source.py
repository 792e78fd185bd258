"""What Git knows of a project: which of its files are code, and what that was."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mwm import UsageError
from mwm.pipeline.git import git, top
from mwm.pipeline.history import History


class Source:
    """What Git knows of a project: what is code in it, and what that was.

    Attributes:
        top: the folder of the repository's working tree.
        files: absolute paths that Git tracks, or would; those alone that are there.
    """

    def __init__(self, repo: Any) -> None:
        root = Path(repo.root_dir)
        self.top = top(root)
        listed = git(self.top, "ls-files", "-z", "-co", "--exclude-standard")
        paths = (f"{self.top}/{name}" for name in os.fsdecode(listed).split("\0") if name)
        self.files = {path for path in paths if os.path.lexists(path) and not _is_folder(path)}
        code = (Path(path) for path in self.files if not path.endswith("/.gitignore"))
        self._folders = {str(folder) for path in code for folder in path.parents}
        self.history = History(self.top)
        self._repo = repo

    def required(self) -> None:
        """Refuse a repository without a commit, which knows no earlier code.

        Raises:
            UsageError: it has none.
        """
        if not git(self.top, "rev-list", "--all", "--max-count=1").strip():
            raise UsageError(
                f"{self.top}: expected a Git repository with a commit, found none in it; commit "
                "the code that made what dvc.lock has"
            )

    def knows(self, path: str) -> bool:
        """Whether a path is code: Git tracks it, or would; of a folder, more than a .gitignore."""
        real = _real(path)
        return real in self.files or real in self._folders

    def knew(self, path: str) -> bool:
        """Whether a path is code, or was."""
        return self.knows(path) or self.history.had(self.below(path))

    def below(self, path: str) -> str:
        """A path as seen from the top, its folder as Git has it: links to code are followed."""
        return Path(os.path.relpath(_real(path), self.top)).as_posix()

    def kept(self, path: str) -> Callable[[str], bool]:
        """Whether DVC hashes a file of the folder `path`: .dvcignore decides."""
        ignore = self._repo.dvcignore
        return lambda name: not ignore.is_ignored_file(os.path.join(path, name))  # noqa: PTH118

    def now(self, path: str) -> dict[str, bytes]:
        """The present files of a path; a folder's by path below it, a file's by ""."""
        if not Path(path).is_dir():
            return {"": Path(path).read_bytes()}
        kept = self.kept(path)
        inside = {each.relative_to(path).as_posix(): each for each in Path(path).rglob("*")}
        return {n: each.read_bytes() for n, each in inside.items() if each.is_file() and kept(n)}

    def before(self, path: str, recorded: str) -> dict[str, bytes] | None:
        """The files of a path when it had the hash in dvc.lock; None if Git does not have them."""
        if recorded.endswith(".dir"):
            return self.history.folder(self.below(path), recorded, self.kept(path))
        found = self.history.file(self.below(path), recorded)
        return None if found is None else {"": found}


def _real(path: str) -> str:
    """A path whose folder is reached through no link; itself it may be one, into DVC's cache."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118


def _is_folder(path: str) -> bool:
    return Path(path).is_dir() and not Path(path).is_symlink()
