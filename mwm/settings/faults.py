"""What pydantic finds wrong with a YAML file, in our words: what was expected, and found."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import ValidationError

from mwm.settings.lines import BRIEF, Key, Places, did_you_mean

PYDANTICS_WORDS = (
    r"^(Input|String|List|Dictionary) should (be|have|match) | or instance of \w+$"
    r"| after validation, not \d+$|^Value error, expected "
)


def faults(error: ValidationError, places: Places, root: Any) -> Iterator[tuple[Key, str]]:
    """The key of each fault, and what is wrong there.

    Args:
        error: what pydantic raised.
        places: where each key of the file stands.
        root: the type that the file was validated as.
    """
    for fault in error.errors():
        key: Key = tuple(part for part in fault["loc"] if part != "[key]")
        match fault["type"]:
            case "missing":
                yield key, "missing; add it"
            case "extra_forbidden":
                known = _keys(root, key[:-1])
                said = f"unknown key; expected one of {', '.join(known)}"
                yield key, said + did_you_mean(str(key[-1]), known)
            case kind:
                while key not in places:
                    key = key[:-1]  # a branch of a union, not a key
                expected = re.sub(PYDANTICS_WORDS, "", fault["msg"])
                said = f"expected {expected}, found {BRIEF.repr(fault['input'])}"
                words = re.findall(r"'(\w+)'", expected) if kind == "literal_error" else []
                yield key, said + did_you_mean(str(fault["input"]), words)


def _keys(section: Any, place: Key) -> list[str]:
    """The keys of the section at `place`, below `section`."""
    for part in place:
        field = getattr(section, "model_fields", {}).get(part)
        section = field.annotation if field else get_args(section)[-1]  # of dict[name, section]
    return list(section.model_fields)
