"""Read YAML with the line of every key, so that errors can name file and line."""

import difflib
import re
import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.error import YAMLError
from ruamel.yaml.resolver import VersionedResolver

from mwm import UsageError

Key = tuple[str | int, ...]
Places = dict[Key, str]

MOST_VALUES = 100_000  # in a file, each counted where an alias repeats it
BRIEF = reprlib.Repr()
BRIEF.maxstring = BRIEF.maxother = 120

TYPES = {  # of plain scalars: all that matches none of these is a string
    "null": r"~|null|",
    "bool": r"true|false",
    "int": r"[-+]?(0|[1-9][0-9]*)",
    "float": r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
    r"|[-+]?\.inf|\.nan",
    "merge": r"<<",
}


class PlainResolver(VersionedResolver):
    """YAML 1.2 in its narrowest form: `yes`, `010`, `0x1F`, `1:30`, `1_000` and dates are strings.

    ruamel.yaml reads some of them as numbers and dates, which no param is meant to be.
    """

    versioned_resolver = {  # noqa: RUF012 (its values by first letter; None: any)
        None: [
            (f"tag:yaml.org,2002:{name}", re.compile(rf"(?:{pattern})\Z"))
            for name, pattern in TYPES.items()
        ]
    }


def read(path: Path | str) -> tuple[Any, Places]:
    """Read a YAML file.

    Returns:
        The content, unchecked, and the place ("file:line") of each of its keys.

    Raises:
        UsageError: the file is missing, is no YAML, has a key twice, or too many values.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); run from the project's root") from None
    try:
        yaml = YAML(typ="safe", pure=True)  # the C parser crashes on 20,000 nested brackets
        yaml.Resolver = PlainResolver
        node = yaml.compose(text)
        places = _places(node, path)  # first, as this refuses what would expand without end
        return node and yaml.constructor.construct_document(node), places
    except (
        YAMLError,
        RecursionError,
        *(ValueError, TypeError, LookupError, AttributeError),  # of a tag such as !!int on a word
    ) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{path}: expected YAML, found: {said}") from None


def _places(node: Node | None, path: Path) -> Places:
    """The place of every key; a repeated key is an error (YAML would drop the first)."""
    places: Places = {(): f"{path}:1"}

    def visit(node: Node | None, here: Key) -> None:
        inner: list[tuple[Key, Node, Node]] = []  # key, where it stands, its value
        if isinstance(node, MappingNode):
            for key, value in node.value:
                if not isinstance(key, ScalarNode):
                    line = key.start_mark.line + 1
                    raise UsageError(
                        f"{path}:{line}: expected a word as a key, found a list or a mapping"
                    )
                inner.append(((*here, key.value), key, value))
        elif isinstance(node, SequenceNode):
            inner = [((*here, index), value, value) for index, value in enumerate(node.value)]
        for there, stands, value in inner:
            place = f"{path}:{stands.start_mark.line + 1}"
            if there in places:
                said = f"{_name(there)} appears twice, first at {places[there]}"
                raise UsageError(f"{place}: {said}")
            places[there] = place
            if len(places) > MOST_VALUES:
                raise UsageError(
                    f"{place}: expected at most {MOST_VALUES} values, found more; write aliases out"
                )
            visit(value, there)

    visit(node, ())
    return places


def tell(places: Places, key: Key, said: str) -> str:
    """A one-line error message: the place of `key`, its name, and what is `said` of it."""
    place = next(places[key[:n]] for n in range(len(key), -1, -1) if key[:n] in places)
    return f"{place}: {_name(key) or 'the file'}: {said}"


def _name(key: Key) -> str:
    name = ".".join(map(str, key))
    return name if name.isprintable() and len(name) < 200 else BRIEF.repr(name)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'mirror'?` to end an error message; empty if no known word is close."""
    close = difflib.get_close_matches(word[:100], list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
