"""Edit YAML files line by line, so that comments and layout stay as they are."""

from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node

from mwm import UsageError


def add_line(text: str, keys: Sequence[str], line: str) -> str:
    """`text` with `line`, indented like the other entries, at the end of the mapping at `keys`.

    Raises:
        UsageError: there is no such mapping with one entry a line.
    """
    entries = _entries(text, keys)
    lines = text.splitlines(keepends=True)
    key, value = entries[-1]
    return "".join(_with(lines, _end(lines, value), " " * key.start_mark.column + line))


def remove_entry(text: str, keys: Sequence[str], name: str) -> str:
    """`text` without the entry `name` of the mapping at `keys`.

    Raises:
        UsageError: there is no such entry, or not on lines of its own.
    """
    found = [entry for entry in _entries(text, keys) if entry[0].value == name]
    if not found:
        raise UsageError(f"{'.'.join(keys)}: expected an entry {name!r}, found none")
    ((key, value),) = found
    lines = text.splitlines(keepends=True)
    return "".join(lines[: key.start_mark.line] + lines[_end(lines, value) :])


def parsed(text: str, where: object) -> Any:
    """The values of a YAML text, which is from `where`.

    Raises:
        UsageError: it is no YAML.
    """
    try:
        return YAML(typ="safe").load(text)
    except YAMLError as error:
        raise UsageError(f"{where}: expected YAML, found: {' '.join(str(error).split())}") from None


def span(text: str, keys: Sequence[str]) -> range:
    """The numbers of the lines, from 0, of the value at `keys`; none if there is none."""
    node = _node(text, keys)
    last = len(text.splitlines())
    return range(node.start_mark.line, min(node.end_mark.line + 1, last)) if node else range(0)


def _node(text: str, keys: Sequence[str]) -> Node | None:
    try:
        node: Node | None = YAML().compose(text)
    except YAMLError:  # an alias of what was removed
        raise UsageError(
            f"{'.'.join(keys)}: cannot be edited line by line; edit it by hand"
        ) from None
    for key in keys:
        inner = node.value if isinstance(node, MappingNode) else ()
        node = next((value for name, value in inner if name.value == key), None)
    return node


def _entries(text: str, keys: Sequence[str]) -> list[tuple[Node, Node]]:
    node = _node(text, keys)
    block = isinstance(node, MappingNode) and not node.flow_style
    entries: list[tuple[Node, Node]] = node.value if node and block else []
    if not entries:
        raise UsageError(f"{'.'.join(keys)}: expected a mapping with one entry a line, found none")
    return entries


def _end(lines: list[str], value: Node) -> int:
    """The number of the first line after a value; a block ends before blank lines and comments."""
    end: int = value.end_mark.line
    if end < len(lines) and lines[end][: value.end_mark.column].strip():
        return end + 1
    while lines[end - 1].strip() == "" or lines[end - 1].lstrip().startswith("#"):
        end -= 1
    return end


def _with(lines: list[str], number: int, line: str) -> list[str]:
    before = lines[:number]
    if before and not before[-1].endswith("\n"):
        before[-1] += "\n"
    return [*before, f"{line}\n", *lines[number:]]
