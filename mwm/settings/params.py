"""Load and validate params.yaml; every error names its file and line."""

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from mwm import UsageError
from mwm.settings.base import NAME, Section
from mwm.settings.collect import Collect
from mwm.settings.evaluate import Evaluate
from mwm.settings.lines import BRIEF, Key, Places, did_you_mean, read, tell
from mwm.settings.misfits import misfits
from mwm.settings.preprocess import Preprocess
from mwm.settings.report import Report
from mwm.settings.train import Run, Train
from mwm.settings.variants import Variants

T = TypeVar("T")


class Params(Section):
    """The whole of params.yaml."""

    collect: Collect
    preprocess: Preprocess
    variants: Variants
    train: Train
    evaluate: Evaluate
    report: Report


def check_name(name: str, of: str) -> str:
    """Return `name` if it is a valid name of a world or run, as it becomes part of a path.

    Args:
        name: as the user gave it.
        of: what it names, for the error message.

    Raises:
        UsageError: it has other signs than small letters, digits and underscores, or is too long.
    """
    if not re.fullmatch(NAME, name):
        raise UsageError(
            f"{of}: expected a name such as 'mirror' ({NAME}), found {BRIEF.repr(name)}"
        )
    return name


def load(path: Path | str = "params.yaml") -> Params:
    """Read params.yaml and validate all of it, so that every stage stops at a typo in any section.

    Raises:
        UsageError: the file is missing, is not YAML, or has errors: one line for each.
    """
    return check(*read(path))


def check(data: Any, places: Places) -> Params:
    """Validate `data`; `places` says at which line each key stands.

    Raises:
        UsageError: unknown or missing keys, wrong types, values out of range or in conflict: one
            line for each.
    """
    faults, params = [], None
    try:
        params = Params.model_validate(data)
    except ValidationError as error:
        faults = [_fault(places, dict(fault)) for fault in error.errors()]
    faults += misfits(_blanked(data, [key for key, _ in faults]))
    if params is None or faults:
        raise UsageError("\nerror: ".join(tell(places, key, said) for key, said in faults))
    return params


def _blanked(data: Any, keys: list[Key]) -> Any:
    """A copy of `data` with None for the innermost mapping entry on the way to each invalid key."""
    left = copy.deepcopy(data) if keys else data
    for key in keys:
        section, last = left, None
        for part in key:
            if isinstance(section, dict):
                last = (section, part)
            section = section[part] if not isinstance(section, dict) else section.get(part)
        if last:
            last[0][last[1]] = None
    return left


_PYDANTICS_WORDS = (
    r"^(Input|String|List) should (be|have|match) | or instance of \w+$| after validation, not \d+$"
)


def _fault(places: Places, fault: dict[str, Any]) -> tuple[Key, str]:
    """The key of one of pydantic's errors, and in words what was expected and found."""
    key: Key = tuple(part for part in fault["loc"] if part != "[key]")
    match fault["type"]:
        case "missing":
            return key, "missing; add it"
        case "extra_forbidden":
            known = _keys(key[:-1])
            said = f"unknown key; expected one of {', '.join(known)}"
            return key, said + did_you_mean(str(key[-1]), known)
        case kind:
            while key not in places:
                key = key[:-1]  # a branch of a union, not a key
            expected = re.sub(_PYDANTICS_WORDS, "", fault["msg"])
            said = f"expected {expected}, found {BRIEF.repr(fault['input'])}"
            known = re.findall(r"'(\w+)'", expected) if kind == "literal_error" else []
            return key, said + did_you_mean(str(fault["input"]), known)


def _keys(place: tuple[str | int, ...]) -> list[str]:
    """The keys of the section at `place`."""
    section: Any = Params
    for part in place:
        inner = section.model_fields.get(part) if hasattr(section, "model_fields") else None
        section = inner.annotation if inner else Run
    return list(getattr(section, "model_fields", {}))


def pick(table: Mapping[str, T], name: str, where: str) -> T:
    """Look up `name` in a mapping of params.yaml.

    Args:
        table: the mapping.
        name: as the user gave it.
        where: the mapping's key in params.yaml, for the error message.

    Raises:
        UsageError: there is no such entry.
    """
    if name not in table:
        known = f"{', '.join(table)}{did_you_mean(name, table)}"
        said = f"{where} has no {BRIEF.repr(name)}; expected one of {known}"
        raise UsageError(f"params.yaml: {said}")
    return table[name]
