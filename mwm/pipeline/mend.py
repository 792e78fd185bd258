"""Repair what a killed DVC left cut off at its end; any other damage is told, never touched."""

import codecs
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mwm import MwmError, UsageError
from mwm.runtime import conflicts, rwlock

HEAD = "schema: '2.0'\nstages:\n"  # begins a dvc.lock
STAGE = re.compile(r"  [^\s#-][^#]*:\n")  # begins an entry
JOINT = re.compile(r" {2}(  )?\S")  # begins an entry, or a key or an item of a list in one
STEPS = 3  # joints that a cut can leave unfinished: an item, its list, its stage
SIDE = "take one side of the file and run the stages again"
BOTH = "keep what is wanted of both sides and remove its marks"


def mend(folder: Path = Path()) -> None:
    """Repair what DVC was writing in place when it was killed: else it would refuse to run again.

    That is its list of who reads and writes what, which is removed, and dvc.lock, of which the
    stages before the cut are kept: those after it run again, or come from the run-cache. Looked at
    in `folder` and in those above it, up to the project's root. Of every file that changes a copy
    stays under .mwm/mended.

    Raises:
        UsageError: a dvc.lock holds a merge conflict.
        MwmError: a file is damaged otherwise than by a cut at its end.
    """
    folders = list(_up_to_root(folder))
    for path, rest in (
        (rwlock.path(folders[-1]), _rest_of_rwlock),
        *((each / "dvc.lock", _rest_of_lock) for each in folders),
    ):
        found = _damaged(path, rest)
        if found is not None:
            _replace(path, found, folders[-1])


def refuse_conflicts(folder: Path = Path()) -> None:
    """Name a merge conflict in DVC's files of `folder` or above, which DVC calls corrupted.

    Raises:
        UsageError: there is one.
    """
    for each in _up_to_root(folder):
        for path, advice in ((each / "dvc.lock", SIDE), (each / "dvc.yaml", BOTH)):
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                _refuse_conflict(path, text, advice)


def _refuse_conflict(path: Path, text: str, advice: str = SIDE) -> None:
    if found := conflicts.find(text):
        line, mark = found
        raise UsageError(
            f"{path}:{line}: expected no merge conflict, found `{mark}`; {advice}, as "
            "docs/merging.md shows"
        )


def _up_to_root(folder: Path) -> Iterator[Path]:
    """A folder and those above it, up to that with .dvc; it alone if there is none."""
    above = [folder, *(folder / Path(*[".."] * n) for n in range(1, len(folder.absolute().parts)))]
    root = next((n for n, each in enumerate(above) if (each / ".dvc").is_dir()), 0)
    yield from above[: root + 1]


def _damaged(path: Path, rest_of: Callable[[str], str | None]) -> str | None:
    """What to keep of a damaged file; None if it is whole, or gone.

    Raises:
        UsageError, MwmError: as `mend` does.
    """
    for pause in (1, 0):  # it may just be being written
        try:
            text = _text(path.read_bytes())
            rest = rest_of(text)
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            text, rest = "", None
        if rest == text and rest:
            return None
        time.sleep(pause)
    _refuse_conflict(path, text)
    if rest is None:
        raise MwmError(
            f"{path}: expected a file as DVC writes it, found it damaged, and not by a cut at its "
            "end; nothing was changed, see `git diff` and `git checkout`, or move it away"
        )
    return rest


def _text(content: bytes) -> str:
    """UTF-8; half a character at the end, where a file was cut off, becomes one that is refused."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    return decoder.decode(content) + ("\0" if decoder.getstate()[0] else "")


def _rest_of_rwlock(text: str) -> str | None:
    """All of a whole list of readers and writers, nothing of one that was cut off, else None."""
    from dvc.rwlock import SCHEMA
    from voluptuous import Invalid

    try:
        SCHEMA(json.loads(text))
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text) or error.msg.startswith(("Unterminated", "Invalid \\u"))
        return "" if cut else None
    except Invalid:
        return None
    return text


def _rest_of_lock(text: str) -> str | None:
    """All of a whole dvc.lock, the whole entries of one that was cut off, else None.

    Cut off is one that becomes whole without its last few lines; then its last entry goes.
    """
    if _whole(text):
        return text
    lines = text.splitlines(keepends=True)
    joints = [i for i, line in enumerate(lines) if JOINT.match(line)]
    if not joints:
        return "" if HEAD.startswith(text.rstrip(" ")) else None
    for end in reversed(joints[-STEPS:]):
        head = "".join(lines[:end])
        if head != HEAD and not _whole(head):
            continue
        if lines[end].startswith("    "):  # the entry has begun, and goes, too
            starts = [i for i in joints if i < end and STAGE.fullmatch(lines[i])]
            head = "".join(lines[: starts[-1]]) if starts else ""
        if head == HEAD:
            return ""
        return head if _whole(head) else None
    return None


def _whole(text: str) -> bool:
    """Whether DVC would accept it as a dvc.lock."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
    from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, "dvc.lock"))
    except (YAMLFileCorruptedError, Invalid):
        return False
    return True


def _replace(path: Path, text: str, root: Path) -> None:
    """Put `text` in the file's place, or nothing if it is empty; a copy of the old one stays."""
    from mwm.io.files import write_text

    copies = root / ".mwm" / "mended"
    copies.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[/\\]", "-", os.path.relpath(path, root))
    number = 1
    while (copy := copies / f"{name}.{number}").exists():
        number += 1
    copy.write_bytes(path.read_bytes())
    if text:
        write_text(path.resolve(), text)  # of a link what it leads to
    else:
        path.unlink()
    kept = "what stood before the cut stays" if text else "nothing of it could stay"
    print(
        f"note: {path} was cut off by a killed DVC; mended: {kept}; the old file is {copy}",
        file=sys.stderr,
    )
