"""A store of content by its MD5: DVC's cache, and beside it what DVC does not keep there."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mwm import MwmError
from mwm.io import system

if TYPE_CHECKING:
    from dvc_data.hashfile.tree import Tree

READ_ONLY = 0o444  # as DVC protects what is in its cache


@dataclass(frozen=True)
class Store:
    """A folder that every machine sees.

    Attributes:
        folder: DVC's cache. Outputs lie in files/md5, where DVC looks for them; code and params
            that a job reads in mwm/objects, so that DVC's cache holds outputs alone.
        group: whether members of the folder's group may write, too (DVC's `cache.shared: group`).
    """

    folder: Path
    group: bool = False

    def output(self, md5: str) -> Path:
        """Where an output's content is, or its list of files (`<md5>.dir`)."""
        return self.folder / "files" / "md5" / md5[:2] / md5[2:]

    def extra(self, md5: str) -> Path:
        """Where other content is."""
        return self.folder / "mwm" / "objects" / md5[:2] / md5[2:]

    def find(self, md5: str) -> Path:
        """Content with this hash.

        Raises:
            MwmError: the store does not have it.
        """
        for place in (self.output(md5), self.extra(md5)):
            if place.is_file():
                return place
        raise MwmError(f"{self.folder}: expected content {md5}, found none; run `dvc pull`")

    def put(self, source: Path, place: Path) -> None:
        """Publish a file's content at `place`, unless it is there.

        Raises:
            MwmError: the store cannot be written.
        """
        if not place.is_file():
            with self.publishing(place) as temporary:
                shutil.copyfile(source, temporary)

    def put_bytes(self, content: bytes, place: Path) -> None:
        """Publish bytes at `place`, unless something is there."""
        if not place.is_file():
            with self.publishing(place) as temporary:
                temporary.write_bytes(content)

    @contextmanager
    def publishing(self, place: Path) -> Iterator[Path]:
        """Yield a temporary file, which becomes `place` if the block succeeds: read-only, for all.

        It appears whole or not at all, with its mode, whatever the umask of who writes it.

        Raises:
            MwmError: the store cannot be written.
        """
        self.make_folder(place.parent)
        temporary = None
        try:
            handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
            os.close(handle)
            temporary = Path(name)
            yield temporary
            temporary.chmod(READ_ONLY)
            temporary.replace(place)
        except OSError as error:
            raise MwmError(f"{place}: cannot be written: {system.told(error)}") from None
        finally:
            if temporary:
                temporary.unlink(missing_ok=True)

    def make_folder(self, folder: Path) -> Path:
        """Make a folder that others of the group may write to, if they are to.

        Raises:
            MwmError: it cannot be made.
        """
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if self.group:
                for each in missing:  # whatever the umask
                    with suppress(PermissionError):  # somebody else has just made it
                        each.chmod(0o2775)
        except OSError as error:
            raise MwmError(f"{folder}: cannot be made: {system.told(error)}") from None
        return folder


def md5_of(path: Path) -> str:
    """The MD5 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def tree_of(files: Mapping[str, str]) -> "Tree":
    """DVC's list of a folder's files, of their MD5 by path below it: its bytes, and their hash."""
    from dvc_data.hashfile.tree import Tree

    tree: Tree = Tree.from_list(
        [{"relpath": path, "md5": md5} for path, md5 in files.items()], "md5"
    )
    tree.digest()
    return tree


def inside(folder: Path) -> Mapping[str, Path]:
    """All files below a folder, by path below it; links to files count as files."""
    return {
        Path(os.path.relpath(Path(above) / name, folder)).as_posix(): Path(above) / name
        for above, _, names in os.walk(folder)
        for name in names
    }
