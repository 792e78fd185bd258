"""Sections `control` and `transfer` of params.yaml: a player's training, and its scores."""

from typing import Annotated, Literal

from pydantic import Field

from mwm.settings.base import Count, Section, Seed, Weight


class Control(Section):
    """How a policy is learned in the original's codes, by PPO (Schulman et al., 2017)."""

    seed: Seed
    steps: Count
    games: Annotated[int, Field(ge=1, le=4096)]
    horizon: Annotated[int, Field(ge=1, le=65536)]
    epochs: Annotated[int, Field(ge=1, le=1000)]
    batch: Annotated[int, Field(ge=2, le=10**9)]
    hidden: Annotated[int, Field(ge=1, le=65536)]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    noise: Weight
    discount: Annotated[float, Field(ge=0, le=1)]
    trace: Annotated[float, Field(ge=0, le=1)]
    clip: Annotated[float, Field(gt=0, le=1)]
    entropy: Weight
    stickiness: Annotated[float, Field(ge=0, lt=1)]
    noops: Annotated[int, Field(ge=0, le=1000)]
    max_steps: Count
    opponent: Literal["shown", "foreign", "erased"]


class Transfer(Section):
    """The games by which a player is scored, in each world the same."""

    games: Annotated[int, Field(ge=2, le=4096)]
    seed: Seed
