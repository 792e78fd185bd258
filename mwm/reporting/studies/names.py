"""What the names of folders tell of studies, ablations and memories."""

from collections.abc import Sequence
from pathlib import Path

from mwm import UsageError


def seeded(folder: Path, what: str) -> tuple[str, int]:
    """The two parts of a name such as `anchored-5`: `what` it is, and the seed.

    Raises:
        UsageError: the name is another.
    """
    name, _, seed = folder.name.rpartition("-")
    if not name or not seed.isdecimal():
        raise UsageError(f"{folder}: expected a name of two parts, <{what}>-<seed>, found another")
    return name, int(seed)


def each_once(folders: Sequence[Path]) -> None:
    """Refuse folders of one name: rates would count what is in them twice.

    Raises:
        UsageError: two folders have one name.
    """
    known: dict[str, Path] = {}
    for folder in folders:
        if folder.name in known:
            raise UsageError(
                f"{folder}: expected folders of different names, found {known[folder.name]}, too; "
                "name each once"
            )
        known[folder.name] = folder


def same_objects(found: Sequence[tuple[Path, Sequence[str]]]) -> list[str]:
    """The objects of all studies, of which each is given by its folder and its objects.

    Raises:
        UsageError: one has others than the first: a table has one column for each.
    """
    (first, objects), *others = found
    expected = list(objects)
    for folder, objects in others:
        if list(objects) != expected:
            raise UsageError(
                f"{folder}: expected the objects of {first} ({', '.join(expected) or 'none'}), "
                f"found {', '.join(objects) or 'none'}; make a table for each game"
            )
    return expected
