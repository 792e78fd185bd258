"""Which world is meant: by name, as a list of bijections, or as a `World`."""

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
        world: a `World`; or a list of bijections, first to last, as params have them; or a name:
            "original", one of `variants.worlds` of the params.yaml in the current folder, if there
            is one, or else a bijection.

    Raises:
        UsageError: there is no such world or bijection, or params.yaml is no YAML.
    """
    if isinstance(world, World):
        return world
    if world == ORIGINAL:
        return World(ORIGINAL, [])
    if isinstance(world, str):
        listed = _listed()
        if world in listed:
            return World(world, listed[world], f"{PARAMS}: variants.worlds.{world}")
        if world in KINDS:
            return World(world, [world], "world")
        known = list(dict.fromkeys([ORIGINAL, *listed, *KINDS]))
        raise UsageError(
            f"world: expected one of {', '.join(known)}, or a list of bijections, found {world!r}"
            f"{lines.did_you_mean(world, known)}"
        )
    if not isinstance(world, Sequence):
        raise UsageError(
            f"world: expected a name, a list of bijections or a mwm.World, found {world!r}"
        )
    kinds = ["+".join(step) if isinstance(step, Mapping) else str(step) for step in world]
    return World("+".join(kinds) or ORIGINAL, world, "world")


def _listed() -> Mapping[str, Any]:
    """`variants.worlds` of the params.yaml here; nothing if it is another program's."""
    if not PARAMS.is_file():
        return {}
    data, _ = lines.read(PARAMS)
    variants = data.get("variants") if isinstance(data, Mapping) else None
    worlds = variants.get("worlds") if isinstance(variants, Mapping) else None
    return worlds if isinstance(worlds, Mapping) else {}
