"""The kinds of vision model: every module here registers one, by the name that params give it."""

import importlib
import pkgutil

from mwm.models.visions.base import KINDS, Vision, vision

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["KINDS", "Vision", "vision"]
