"""Section `variants` of params.yaml."""

from mwm.settings.base import Argument, Name, Section


class Variants(Section):
    """The worlds by name, each a list of registered bijections (see mwm/worlds)."""

    worlds: dict[Name, list[str | dict[str, dict[str, Argument]]]]
