"""Write and copy files completely or not at all; read JSON strictly."""

import json
import math
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mwm import ArtefactError, MwmError
from mwm.io import system

# Of a file that is read as a whole: weights, tables. All memory, so that what was trained here can
# be read: training takes four times the weights.
MOST_BYTES = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
TEMPORARY = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}(?P<suffix>\.[^.]*)?")  # see `replacing`


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary file beside `path`, renamed to `path` if the block succeeds, else deleted.

    A process that is killed leaves it behind: `final_name` tells such files.

    Raises:
        MwmError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    temporary = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if error.errno is None or _elsewhere(error, path):  # h5py's, or of another file
            raise
        raise MwmError(f"{path}: cannot be written: {system.told(error)}") from None
    finally:
        if temporary != path:
            temporary.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy a file, or all files in a folder, to `target`; of a file there the new one is left.

    Raises:
        ArtefactError: a file is a link that leads nowhere.
        MwmError: a file cannot be read or written.
    """
    within = sorted(path for path in source.rglob("*") if not path.is_dir())
    for path in within if source.is_dir() else [source]:
        content = read_bytes(path)
        with replacing(target / path.relative_to(source)) as temporary:
            temporary.write_bytes(content)


def final_name(path: Path) -> str | None:
    """The name that the temporary file `path` of `replacing` was to get; None for other files."""
    match = TEMPORARY.fullmatch(path.name)
    if match and Path(match["name"]).suffix == (match["suffix"] or ""):
        return match["name"]
    return None


def check_folder(folder: Path | str) -> None:
    """Make `folder` and write a temporary file in it, so that minutes of work are not lost later.

    Raises:
        MwmError: the folder cannot be made or written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"room")
    except OSError as error:
        raise MwmError(f"{folder}: cannot be written: {system.told(error)}") from None


def _elsewhere(error: OSError, path: Path) -> bool:
    """Whether a failed call was about another file than `path`, its folder, or one beside it."""
    if error.filename is None:
        return False
    name, path = Path(os.fsdecode(error.filename)).absolute(), path.absolute()
    return name not in path.parents and name.parent != path.parent


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path | str, text: str) -> None:
    """Write `text` to `path`, completely or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON with a final newline."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises:
        MwmError: the file is missing or not JSON, or has something that JSON leaves undefined: a
            repeated key, NaN, a number beyond float64, nesting too deep for the parser.
    """
    content = read_bytes(path)
    try:
        return parse_json(content.decode())
    except ValueError as error:
        raise ArtefactError(f"{path}: expected JSON, found: {error}") from None


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Tell in one line if the system does not let the block read the file `path`.

    Raises:
        ArtefactError: there is no such file.
        MwmError: it cannot be read now; nothing is said of its content.
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise FileNotFoundError
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise ArtefactError(f"{path}: not found") from None
    except Exception as error:
        if not (said := system.told(error)):
            raise
        raise MwmError(f"{path}: cannot be read: {said}") from None


def read_bytes(path: Path | str) -> bytes:
    """The content of a file that fits in memory.

    Raises:
        MwmError: the file is missing, greater than MOST_BYTES, or cannot be read.
    """
    path = Path(path)
    with reading(path):
        if (size := path.stat().st_size) > MOST_BYTES:
            raise ArtefactError(
                f"{path}: expected at most {MOST_BYTES} bytes (all memory here), found {size}"
            )
        return path.read_bytes()


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or has something that JSON leaves undefined (see `read_json`).
    """
    try:
        return json.loads(
            text, object_pairs_hook=_distinct, parse_constant=_finite, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(value := dict(pairs)) < len(pairs):
        raise ValueError("a repeated key")
    return value


def _finite(word: str) -> float:
    if not math.isfinite(number := float(word)):
        raise ValueError(f"the number {word}")
    return number
