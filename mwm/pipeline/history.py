"""What files and folders held before: old text found in Git by the hash that DVC recorded."""

import functools
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from mwm.pipeline import git, hashes

CHANGED = re.compile(rb":\d{6} \d{6} [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*\0([^\0]+)\0")
LISTED = re.compile(rb"\d{6} blob ([0-9a-f]+)\t([^\0]+)\0")
DIFFERENCES = ("--raw", "--no-renames", "--no-abbrev")
LOG = ("--literal-pathspecs", "log", "--all", "--full-history")  # side branches, experiments too


class History:
    """All that Git keeps of the repository whose working tree is `top`; paths are below `top`."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._contents: dict[str, bytes] = {}
        self._folders: dict[tuple[str, str], dict[str, bytes] | None] = {}
        self._files: dict[str, dict[str, bytes]] = {}

    @property
    def shallow(self) -> bool:
        """Whether Git has the latest commits alone."""
        return git.git(self.top, "rev-parse", "--is-shallow-repository").strip() == b"true"

    @functools.cached_property
    def _versions(self) -> dict[str, list[str]]:
        """The blobs that every file ever was, newest first: all at once, Git asked once."""
        told = git.git(self.top, "log", "--all", "-m", "--format=", "-z", *DIFFERENCES)
        found = defaultdict(list)
        for blob, path in CHANGED.findall(told):
            if blob.strip(b"0"):
                found[os.fsdecode(path)].append(blob.decode())
        return found

    @functools.cached_property
    def _folders_ever(self) -> set[str]:
        return {str(folder) for path in self._versions for folder in Path(path).parents}

    def had(self, path: str) -> bool:
        """Whether a file or folder of this path was ever committed."""
        return path in self._versions or path in self._folders_ever

    def file(self, path: str, md5: str) -> bytes | None:
        """The content with this hash that a file once had."""
        if path not in self._files:
            blobs = dict.fromkeys(self._versions.get(path, []))
            self._read(blobs)
            contents = [self._contents[blob] for blob in blobs if blob in self._contents]
            self._files[path] = {hashes.of_bytes(content): content for content in contents}
        return self._files[path].get(md5)

    def folder(
        self, path: str, digest: str, kept: Callable[[str], bool]
    ) -> dict[str, bytes] | None:
        """The files that a folder once had with this hash of what is `kept` of them.

        By their paths below it.
        """
        if (path, digest) not in self._folders:
            self._folders[path, digest] = self._folder(path, digest, kept)
        return self._folders[path, digest]

    def _folder(
        self, path: str, digest: str, kept: Callable[[str], bool]
    ) -> dict[str, bytes] | None:
        commits = git.git(self.top, *LOG, "--format=%H", "--", path).decode().split()
        asked = "".join(f"{commit}:{path}\n" for commit in commits)
        answers = git.git(
            self.top, "cat-file", "--batch-check=%(objecttype) %(objectname)", given=asked.encode()
        )
        trees = (words[1] for line in answers.splitlines() if (words := line.split())[0] == b"tree")
        for tree in dict.fromkeys(trees):  # newest first
            listed = git.git(self.top, "ls-tree", "-r", "-z", tree.decode())
            blobs = {os.fsdecode(name): blob.decode() for blob, name in LISTED.findall(listed)}
            files = {name: blob for name, blob in blobs.items() if kept(name)}
            self._read(files.values())
            contents = {name: self._contents.get(blob, b"") for name, blob in files.items()}
            md5s = {name: hashes.of_bytes(content) for name, content in contents.items()}
            if hashes.of_folder(md5s) == digest:
                return contents
        return None

    def _read(self, blobs: Iterable[str]) -> None:
        """Keep the contents of these, as far as Git has them."""
        self._contents |= git.blobs(self.top, set(blobs) - self._contents.keys())
