"""Section `report` of params.yaml."""

from typing import Annotated

from pydantic import Field

from mwm.settings.base import Count, CountOrNone, Section


class Report(Section):
    """What the figures show; `strip_start` None: the strip shows a hit by the agent."""

    strip_start: CountOrNone | None
    strip_frames: Annotated[int, Field(ge=2, le=32)]
    strip_every: Count
    dpi: Annotated[int, Field(ge=30, le=600)]
