"""Section `evaluate` of params.yaml."""

from typing import Annotated

from pydantic import Field

from mwm.settings.base import Count, Section, Seed

CELL = 8  # pixels of a side of a cell of the field


class Evaluate(Section):
    """How much of the test episodes is evaluated, and how much is filmed.

    `plays` is a file of foreign plays, which are evaluated too; None: there are none.
    """

    frames: Count
    length: Annotated[int, Field(ge=2, le=10**6)]
    dream: Count
    plays: Annotated[str, Field(min_length=1, max_length=4096)] | None
    film: Annotated[int, Field(ge=2, le=5000)]
    seed: Seed
