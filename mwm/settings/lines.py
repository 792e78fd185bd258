"""Read YAML with the line of every key, so that errors can name file and line."""

import difflib
import re
import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.resolver import VersionedResolver

from mwm import UsageError
from mwm.settings.text import text_of

Key = tuple[str | int, ...]
Places = dict[Key, str]

# More is no params file, and would take seconds to read: the parser is Python's.
MOST_SIGNS = 100_000
MOST_VALUES = 20_000  # each counted where an alias repeats it
MOST_DIGITS = 40
WORDS = (":str", ":merge")  # ends of the tags that a key may have
HINTS = {  # by what the parser says
    "\\t": "indent with spaces",
    "<block end>": "see how this line and those before it are indented",
    "expected ':'": "write a key, a colon and a space",
}
BRIEF = reprlib.Repr()
BRIEF.maxstring = BRIEF.maxother = 120
BRIEF.maxlevel = 2

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
        The content, unchecked, and the place ("file:line") of each of its keys. No part of the
        content is shared with another, also where an alias repeats it.

    Raises:
        UsageError: the file is missing, is no YAML, has a key twice, or too many values.
    """
    return parse(text_of(path), path)


def parse(text: str, where: object) -> tuple[Any, Places]:
    """The same of a text, which is from `where`."""
    if len(text) > MOST_SIGNS:
        raise UsageError(f"{where}: expected at most {MOST_SIGNS} signs, found {len(text)}")
    try:
        yaml = YAML(typ="safe", pure=True)  # the C parser crashes on 20,000 nested brackets
        yaml.Resolver = PlainResolver
        node = yaml.compose(text)
        places = _places(node, where)  # first, as this refuses what would expand without end
        return _apart(node and yaml.constructor.construct_document(node)), places
    except MarkedYAMLError as error:
        raise _refused(*_told(error, where)) from None
    except (
        YAMLError,
        RecursionError,
        *(ValueError, TypeError, LookupError, AttributeError),  # of a tag such as !!int on a word
    ) as error:
        raise _refused(where, " ".join(str(error).split())) from None


def _refused(place: object, said: str) -> UsageError:
    return UsageError(f"{place}: expected YAML, found: {said}")


def _told(error: MarkedYAMLError, where: object) -> tuple[str, str]:
    """The place of what ruamel.yaml refuses, and what it says of it, with a hint if we know one."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    said = " ".join(str(error.problem or error.context).split())
    if error.context and error.context_mark and error.context_mark.line + 1 != line:
        said += f" ({error.context}, line {error.context_mark.line + 1})"
    hints = [hint for words, hint in HINTS.items() if words in said]
    return f"{where}:{line}", "; ".join([said, *hints])


def _places(node: Node | None, where: object) -> Places:
    """The place of every key; a repeated key is an error (YAML would drop the first)."""
    places: Places = {(): f"{where}:1"}

    def visit(node: Node | None, here: Key) -> None:
        inner: list[tuple[Key, Node, Node]] = []  # key, where it stands, its value
        if isinstance(node, MappingNode):
            for key, value in node.value:
                if not isinstance(key, ScalarNode) or not str(key.tag).endswith(WORDS):
                    found = key.value if isinstance(key, ScalarNode) else "a list or a mapping"
                    line = key.start_mark.line + 1
                    raise UsageError(f"{where}:{line}: expected a word as a key, found {found}")
                inner.append(((*here, key.value), key, value))
        elif isinstance(node, SequenceNode):
            inner = [((*here, index), value, value) for index, value in enumerate(node.value)]
        for there, stands, value in inner:
            place = f"{where}:{stands.start_mark.line + 1}"
            if there in places:
                said = f"{_name(there)} appears twice, first at {places[there]}"
                raise UsageError(f"{place}: {said}")
            places[there] = place
            if len(places) > MOST_VALUES:
                raise UsageError(
                    f"{place}: expected at most {MOST_VALUES} values, found more; write aliases out"
                )
            digits = len(value.value) if str(value.tag).endswith(":int") else 0
            if digits > MOST_DIGITS:
                said = f"expected a number of at most {MOST_DIGITS} digits, found {digits}"
                raise UsageError(f"{place}: {_name(there)}: {said}")
            visit(value, there)

    visit(node, ())
    return places


def _apart(value: Any) -> Any:
    """A copy that shares no part with another: of two sections that are one, one may change."""
    if isinstance(value, dict):
        return {key: _apart(inner) for key, inner in value.items()}
    return [_apart(inner) for inner in value] if isinstance(value, list) else value


def tell(places: Places, key: Key, said: str) -> str:
    """A one-line error message: the place of `key`, its name, and what is `said` of it."""
    place = next(places[key[:n]] for n in range(len(key), -1, -1) if key[:n] in places)
    return f"{place}: {_name(key) or 'the file'}: {said}"


def _name(key: Key) -> str:
    name = ".".join(map(str, key))
    return name if name.isprintable() and len(name) < 200 else BRIEF.repr(name)


def brief(value: Any) -> str:
    """A value as one short line, for messages: arrays by type and shape, such as `int64 (3, 4)`."""
    shape = getattr(value, "shape", None)  # NumPy's or PyTorch's, without importing either
    if shape and isinstance(shape, tuple):
        kind = str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")
        return f"{kind} {tuple(shape)}"
    return " ".join(BRIEF.repr(value).split())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'mirror'?` to end an error message; empty if no known word is close."""
    close = difflib.get_close_matches(word[:100], list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
