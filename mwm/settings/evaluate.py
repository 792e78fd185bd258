"""Section `evaluate` of params.yaml."""

from typing import Annotated

from pydantic import Field

from mwm.settings.base import Count, Section, Seed

DREAM = 25  # steps dreamt at most, and no more than were read


class Evaluate(Section):
    """How much of the test episodes is evaluated, and how much is filmed."""

    frames: Count
    length: Annotated[int, Field(ge=2, le=10**6)]
    film: Annotated[int, Field(ge=2, le=5000)]
    seed: Seed
