"""Section `variants` of params.yaml."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from mwm.settings.base import Argument, Name, Section


def _one_bijection(step: Any) -> Any:
    match step:
        case str():
            return step
        case dict() if len(step) == 1 and all(map(_arguments, step.values())):
            return step
    raise ValueError("expected one bijection, such as mirror or {permutation: {seed: 7}}")


def _arguments(found: Any) -> bool:
    """Whether they are whole numbers by name, of which NumPy can take each."""
    within = range(-(2**63), 2**63)
    return isinstance(found, dict) and all(
        type(value) is int and value in within for value in found.values()
    )


Step = Annotated[str | dict[str, dict[str, Argument]], BeforeValidator(_one_bijection)]


class Variants(Section):
    """The worlds by name, each a list of registered bijections (see mwm/worlds)."""

    worlds: dict[Name, list[Step]]
