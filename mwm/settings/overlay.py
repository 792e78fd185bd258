"""Partial params files laid over params.yaml, its comments kept."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, comment_attrib, format_attrib

from mwm import UsageError
from mwm.settings.lines import Places, parse, read
from mwm.settings.params import Params, check
from mwm.settings.text import ended_as, text_of


def lay_over(base: Path | str, profiles: Sequence[Path | str], values: Sequence[str] = ()) -> str:
    """The text of `base`, its comments kept, with those of `profiles`, then `values` ("a.b=3").

    YAML's aliases (`*name`) are written out: what changes one of two equal sections leaves the
    other.

    Raises:
        UsageError: a file cannot be read, a value is not written so, or the outcome is no valid
            params.yaml.
    """
    data, places = _sections(base)
    overlay: dict[Any, Any] = {}
    for profile in profiles:
        laid, laid_places = _sections(profile)
        _merge(overlay, laid, Params)
        places |= laid_places
    for value in values:
        key, nested = _nested(value)
        _merge(overlay, nested, Params)
        places[key] = f"--set {value}"
    _merge(data, overlay, Params)
    check(data, places)

    yaml = YAML()
    yaml.width = 120
    document = _apart(yaml.load(text_of(base)))
    _merge(document, overlay, Params)
    stream = StringIO()
    yaml.dump(document, stream)
    text = stream.getvalue()
    if parse(text, base)[0] != data:
        raise UsageError(f"{base}: cannot be changed with its comments kept; edit it by hand")
    return ended_as(base, text)


def _apart(node: Any) -> Any:
    """A copy with its comments that shares no part with another, and merges none (`<<`)."""
    new: Any
    if isinstance(node, CommentedMap):
        new = CommentedMap((key, _apart(value)) for key, value in node.items())
    elif isinstance(node, CommentedSeq):
        new = CommentedSeq(map(_apart, node))
    else:
        return node
    for name in (comment_attrib, format_attrib):
        if hasattr(node, name):
            setattr(new, name, getattr(node, name))
    return new


def _sections(path: Path | str) -> tuple[dict[Any, Any], Places]:
    data, places = read(path)
    if not isinstance(data, dict):
        raise UsageError(f"{path}:1: expected sections of params.yaml, found {data!r}")
    return data, places


def _nested(value: str) -> tuple[tuple[str, ...], dict[Any, Any]]:
    """("train", "see", "kl"), {"train": {"see": {"kl": 3}}} for "train.see.kl=3"."""
    name, equals, text = value.partition("=")
    key = tuple(name.split("."))
    try:
        nested, _ = parse(text, "--set")
    except UsageError:
        equals = ""
    if not equals or not all(key):
        raise UsageError(f"--set: expected key=value, as train.run.seed=3, found {value!r}")
    for part in reversed(key):
        nested = {part: nested}
    return key, nested


def _merge(base: dict[Any, Any], overlay: dict[Any, Any], section: Any) -> None:
    """Lay `overlay` over `base` in place; only what the schema calls a section merges."""
    for key, value in overlay.items():
        field = section.model_fields.get(key)
        inner = field.annotation if field else None
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        if both and hasattr(inner, "model_fields"):
            _merge(base[key], value, inner)
        else:
            base[key] = value
