"""The hashes that DVC records of files and folders, computed without a project around them."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from mwm.engines.store import inside, md5_of, tree_of


def of_bytes(content: bytes) -> str:
    """The hash of a file with this content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def of_folder(files: Mapping[str, str]) -> str:
    """The hash of a folder, of the hashes of its files by their paths below it."""
    return str(tree_of(files).hash_info.value)


def of_path(path: Path, kept: Callable[[str], bool]) -> str:
    """The hash of a file, or of what is `kept` (by its path below) of a folder; "" of nothing."""
    if path.is_dir():
        files = {name: each for name, each in inside(path).items() if each.is_file()}
        return of_folder({name: md5_of(each) for name, each in files.items() if kept(name)})
    return md5_of(path) if path.is_file() else ""
