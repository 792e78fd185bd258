"""Section `collect` of params.yaml."""

from typing import Annotated

from pydantic import Field

from mwm.settings.base import Count, Section, Seed


class Collect(Section):
    """How the game is played."""

    game: Annotated[str, Field(pattern=r"^ALE/[A-Za-z0-9]+-v5$")]
    episodes: Count
    max_steps: Count
    frame_skip: Annotated[int, Field(ge=1, le=60)]
    hold: Count
    repeat_probability: Annotated[float, Field(ge=0, lt=1)]
    seed: Seed
