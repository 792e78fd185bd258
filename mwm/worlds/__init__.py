"""Worlds: registered bijections of packed frames, composed and checked."""

from mwm.worlds import bijections  # noqa: F401 (registers the kinds)
from mwm.worlds.registry import KINDS, bijection
from mwm.worlds.world import World

__all__ = ["KINDS", "World", "bijection"]
