"""Section `variants` of params.yaml."""

from mwm.settings.base import Argument, Name, Section


class Variants(Section):
    """The worlds: names, and the registered bijections that compose them (see mwm/worlds)."""

    worlds: dict[Name, list[str | dict[str, dict[str, Argument]]]]
