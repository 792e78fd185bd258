"""The types from which the sections of params.yaml are built."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z][a-z0-9_]{0,31}$"
ORIGINAL = "original"  # the name of the world that is not transformed

Name = Annotated[str, Field(pattern=NAME)]
Count = Annotated[int, Field(ge=1, le=10**9)]
CountOrNone = Annotated[int, Field(ge=0, le=10**9)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Argument = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Share = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1e9)]


class Section(BaseModel):
    """A section of params.yaml: no unknown keys, strict types ("3" is not 3), immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
