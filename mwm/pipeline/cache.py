"""Where the content of an output is: in the project, else in DVC's cache."""

import json
from pathlib import Path
from typing import Any

from mwm import ArtefactError


def files(repo: Any, recorded: Any) -> dict[str, Path] | None:
    """Where DVC's cache has what dvc.lock records of a dep or an output.

    By path below it, "" for a file; None if the cache does not have it, or not all of it.

    Raises:
        ArtefactError: the cache's list of a folder's files is damaged.
    """
    cache = repo.cache.local
    if not recorded.hash_info:
        return None
    own = Path(cache.oid_to_path(recorded.hash_info.value))
    if not own.is_file():
        return None
    if not recorded.hash_info.isdir:
        return {"": own}
    found = {path: Path(cache.oid_to_path(md5)) for path, md5 in listed(own).items()}
    return found if all(path.is_file() for path in found.values()) else None


def listed(file: Path) -> dict[str, str]:
    """What DVC's cache lists of a folder: MD5 by the path below it.

    Raises:
        ArtefactError: the list is damaged.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {str(each["relpath"]): str(each["md5"]) for each in content}
    except (ValueError, KeyError, TypeError):
        raise ArtefactError(f"{file}: expected a list of files as DVC writes it") from None


def place_of(repo: Any, path: str, made: dict[str, Any]) -> str | None:
    """Where the content of `path` is: there, or for an output in DVC's cache; None if nowhere."""
    if Path(path).is_file():
        return path
    cached = files(repo, made[path]) if made.get(path) is not None else None
    return str(cached[""]) if cached and "" in cached else None
