"""The kinds that code registers for params to name, found in its text: no import, no torch."""

import ast
import functools
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from mwm.settings.lines import Key, brief, did_you_mean

CODE = Path(__file__).parents[1]
VISION = ("train", "model", "vision")
CONSTRAINTS = [("train", act, "constraints") for act in ("recruit", "joint")]


@functools.cache
def registered(folder: str, decorator: str) -> dict[str, list[str]]:
    """What the modules of a folder of mwm register by `@decorator("kind")` or `@decorator`.

    A stage asks this of folders that are not among its deps: it changes no result, it only tells a
    typo hours before the stage that would import the code.

    Returns:
        By kind, the names of the function's arguments after the first; empty without the folder.
    """
    found = {}
    for path in sorted((CODE / folder).glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                arguments = node.args.args[1:] if isinstance(node, ast.FunctionDef) else []
                for kind in _kinds(node, decorator):
                    found[kind] = [argument.arg for argument in arguments]
    return found


def _kinds(node: ast.FunctionDef | ast.ClassDef, decorator: str) -> list[str]:
    """The kinds under which `node` is registered: its own name, or that in the decorator."""
    found = []
    for each in node.decorator_list:
        match each:
            case ast.Name(id=name) if name == decorator:
                found.append(node.name)
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(kind))]) if (
                name == decorator
            ):
                found.append(kind)
    return found


def misfit_kinds(p: Any) -> Iterator[tuple[Key, str]]:
    """Keys of params that name a kind that is not registered; see `misfits.misfits`."""
    known = registered("worlds", "bijection")
    for name, steps in (_at(p, "variants", "worlds") or {}).items():
        for index, step in enumerate(steps or []):
            yield from misfit_step(("variants", "worlds", name, index), step, known)
    if kind := _at(p, *VISION):
        known = registered("models/visions", "vision")
        yield from _misfit_kind(VISION, "vision model", kind, known)
    known = registered("training", "constraint")
    for key in CONSTRAINTS:
        for kind in _at(p, *key) or {}:
            yield from _misfit_kind((*key, kind), "constraint", kind, known)


def _at(p: Any, *key: str) -> Any:
    """The value at `key`; None if there is none."""
    for part in key:
        p = p.get(part) if isinstance(p, dict) else None
    return p


def misfit_step(
    key: Key, step: str | Mapping[str, Any], known: Mapping[str, Collection[str]]
) -> Iterator[tuple[Key, str]]:
    """What is wrong with one bijection of a world, if `known` are the arguments of each kind."""
    ((kind, found),) = [(step, {})] if isinstance(step, str) else step.items()
    yield from _misfit_kind(key, "bijection", kind, known)
    taken = known.get(kind, found)
    if not isinstance(found, Mapping) or set(found) != set(taken):
        example = f"{{{kind}: {{{', '.join(f'{name}: 0' for name in taken)}}}}}" if taken else kind
        told = _listed(found) if isinstance(found, Mapping) else brief(found)
        yield key, f"expected {kind} with {_listed(taken)}, found {told}; write {example}"


def _misfit_kind(
    key: Key, what: str, kind: str, known: Collection[str]
) -> Iterator[tuple[Key, str]]:
    if known and kind not in known:
        listed = f"{', '.join(known)}{did_you_mean(kind, known)}"
        yield key, f"unknown {what} {kind!r}; expected one of {listed}"


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "no params"
