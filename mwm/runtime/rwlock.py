"""DVC's own locks, .dvc/tmp/rwlock: which process reads and writes which files."""

import json
import time
from itertools import chain
from pathlib import Path
from typing import Any

TRIES = 20  # DVC writes the file in place, so that it may be half there for a moment


def path(root: Path) -> Path:
    """The file, of the DVC project `root`."""
    return root / ".dvc" / "tmp" / "rwlock"


def read(root: Path) -> dict[str, Any]:
    """The file's content: {"write": {path: holder}, "read": {path: [holders]}}.

    {} without the file, and where it has another form, which DVC would not read either.
    """
    for _ in range(TRIES):
        try:
            found = json.loads(path(root).read_text(encoding="utf-8"))
            listed = [*found.get("write", {}).values(), *chain(*found.get("read", {}).values())]
            whole = all(
                isinstance(one["pid"], int) and isinstance(one["cmd"], str) for one in listed
            )
            return found if whole else {}
        except (OSError, AttributeError, TypeError, KeyError):
            break
        except ValueError:
            time.sleep(0.01)
    return {}


def changed(root: Path) -> float:
    """When the file was last written, in Unix seconds; 0 without it."""
    try:
        return path(root).stat().st_mtime
    except OSError:
        return 0.0
