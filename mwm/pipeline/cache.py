"""Where the content of an output is: in the project, else in DVC's cache."""

import json
from pathlib import Path
from typing import Any


def files(repo: Any, recorded: Any) -> dict[str, Path]:
    """Where DVC's cache has what dvc.lock records of a dep or an output.

    By path below it, "" for a file; empty if the cache does not have it, or not all of it.
    """
    cache = repo.cache.local
    if not recorded.hash_info:
        return {}
    own = Path(cache.oid_to_path(recorded.hash_info.value))
    if not own.is_file():
        return {}
    if not recorded.hash_info.isdir:
        return {"": own}
    listed = json.loads(own.read_text(encoding="utf-8"))
    found = {each["relpath"]: Path(cache.oid_to_path(each["md5"])) for each in listed}
    return found if all(path.is_file() for path in found.values()) else {}


def place_of(repo: Any, path: str, made: dict[str, Any]) -> str | None:
    """A file that has the content of `path`, which is there or an output; None if none has."""
    if Path(path).is_file():
        return path
    cached = files(repo, made[path]) if made.get(path) is not None else {}
    return str(cached[""]) if "" in cached else None
