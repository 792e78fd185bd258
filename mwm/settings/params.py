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
from mwm.settings.control import Control, Transfer
from mwm.settings.evaluate import Evaluate
from mwm.settings.faults import faults
from mwm.settings.lines import BRIEF, Key, Places, did_you_mean, read, tell
from mwm.settings.misfits import misfits
from mwm.settings.preprocess import Preprocess
from mwm.settings.report import Report
from mwm.settings.train import Train
from mwm.settings.variants import Variants

T = TypeVar("T")
MOST = 20  # faults that are told, each in a line


class Params(Section):
    """The whole of params.yaml."""

    collect: Collect
    preprocess: Preprocess
    variants: Variants
    train: Train
    evaluate: Evaluate
    report: Report
    control: Control
    transfer: Transfer


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
    found, params = [], None
    try:
        params = Params.model_validate(data)
    except ValidationError as error:
        found = list(faults(error, places, Params))
    found += misfits(_blanked(data, [key for key, _ in found]))
    if params is None or found:
        told = [tell(places, key, said) for key, said in found]
        more = [f"and {len(told) - MOST} more"] if len(told) > MOST else []
        raise UsageError("\nerror: ".join(told[:MOST] + more))
    return params


def _blanked(data: Any, keys: list[Key]) -> Any:
    """A copy of `data` with None for the innermost mapping entry on the way to each invalid key."""
    left = copy.deepcopy(data) if keys else data
    for key in keys:
        section: Any = left
        last = None
        for part in key:
            if isinstance(section, dict):
                last = (section, part)
                section = section.get(part)
            elif isinstance(section, list) and isinstance(part, int):
                section = section[part]
        if last:
            last[0][last[1]] = None
    return left


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
