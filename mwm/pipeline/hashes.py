"""The hashes that DVC records of files and folders, computed without a project around them."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from mwm.engines.store import md5_of


def of_bytes(content: bytes) -> str:
    """The hash of a file with this content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def of_folder(files: Mapping[str, str]) -> str:
    """The hash of a folder, of the hashes of its files by their paths below it."""
    from dvc_data.hashfile.tree import Tree

    tree = Tree.from_list([{"relpath": path, "md5": md5} for path, md5 in files.items()], "md5")
    tree.digest()
    return str(tree.hash_info.value)


def of_path(path: Path, kept: Callable[[str], bool]) -> str:
    """The hash of a file, or of what is `kept` (by its path below) of a folder; "" of nothing."""
    if path.is_dir():
        inside = {each.relative_to(path).as_posix(): each for each in path.rglob("*")}
        return of_folder(
            {name: md5_of(each) for name, each in inside.items() if each.is_file() and kept(name)}
        )
    return md5_of(path) if path.is_file() else ""
