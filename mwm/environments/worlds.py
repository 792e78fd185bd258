"""Which world is meant: by name, as a list of bijections, or as a `World`."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mwm import UsageError
from mwm.settings import lines
from mwm.settings.base import ORIGINAL
from mwm.worlds import KINDS, World
from mwm.worlds.world import Step

PARAMS = Path("params.yaml")


def resolve(world: World | str | Sequence[Step]) -> World:
    """The world that is meant.

    Args:
        world: a `World`; or a list of bijections, first to last, as params have them, whose names
            and params make the world's ("transpose+permutation(seed=7)"); or a name:
            "original", one of `variants.worlds` of the params.yaml in the current folder, if there
            is one and it is ours (see `_listed`), or else a bijection.

    Raises:
        UsageError: there is no such world or bijection, or a params.yaml of ours is no YAML, or has
            no bijections by name.
    """
    if isinstance(world, World):
        return world
    if isinstance(world, str):
        if world == ORIGINAL:
            return World(ORIGINAL, [])
        listed = _listed()
        if world in listed:
            return World(world, listed[world], f"{PARAMS}: variants.worlds.{world}")
        if world in KINDS:
            return World(world, [world], "world")
        known = list(dict.fromkeys([ORIGINAL, *listed, *KINDS]))
        raise UsageError(
            f"world: expected one of {', '.join(known)}, or a list of bijections, found "
            f"{lines.brief(world)}{lines.did_you_mean(world, known)}"
        )
    if not isinstance(world, Sequence):
        raise UsageError(
            "world: expected a name, a list of bijections or a mwm.World, found "
            f"{lines.brief(world)}"
        )
    return World("+".join(map(_name, world)) or ORIGINAL, world, "world")


def _name(step: Any) -> str:
    """What a bijection is called in a world's name, with its params: "permutation(seed=7)"."""
    if not isinstance(step, Mapping):
        return str(step)
    told = []
    for kind, params in step.items():
        values = params.items() if isinstance(params, Mapping) else [("", params)]
        given = ", ".join(f"{name}={value}" for name, value in values)
        told.append(f"{kind}({given})")
    return "+".join(told)


def _listed() -> Mapping[str, Any]:
    """`variants.worlds` of the params.yaml here, which may be another program's.

    It is ours if lines of it begin with `collect:`, `variants:` and `train:`, and must be right
    then. Of another's, those entries of `variants.worlds` count that are lists, and nothing if
    there are none, or if it is no YAML as ours is.

    Raises:
        UsageError: it is ours, and no YAML, or its `variants.worlds` is no mapping.
    """
    if not PARAMS.is_file():
        return {}
    ours = _is_ours()
    try:
        data, _ = lines.read(PARAMS)
    except UsageError:
        if ours:
            raise
        return {}
    variants = data.get("variants") if isinstance(data, Mapping) else None
    worlds = variants.get("worlds") if isinstance(variants, Mapping) else None
    if isinstance(worlds, Mapping):
        return worlds if ours else {k: v for k, v in worlds.items() if isinstance(v, list)}
    if ours:
        raise UsageError(
            f"{PARAMS}: variants.worlds: expected bijections by name, found {lines.brief(worlds)}; "
            "'mwm check' tells all mistakes of the file"
        )
    return {}


def _is_ours() -> bool:
    """Whether it has our sections, told by its bytes: a broken file must be known, too."""
    try:
        found = re.findall(rb"^(collect|variants|train):", PARAMS.read_bytes(), re.MULTILINE)
    except OSError:  # as unreadable as another's
        return False
    return set(found) == {b"collect", b"variants", b"train"}
