"""Section `train` of params.yaml: the models, the schedule of acts, and the runs."""

from typing import Annotated, Literal

from pydantic import Field

from mwm.settings.base import Count, CountOrNone, Name, Section, Seed, Weight

RESERVED_RUNS = ("see", "anchor", "decipher")


class RunSettings(Section):
    """What holds for every act of a run."""

    schedule: Literal["anchored", "joint"]
    inputs: Literal["corresponding", "independent"]
    seed: Seed
    device: Literal["auto", "cpu", "cuda"]
    threads: Annotated[int, Field(ge=1, le=256)]
    precision: Literal["float32", "tf32", "bfloat16"]

    @property
    def decipher_first(self) -> bool:
        """Whether a recruit is told the original's latents: else nothing pairs the worlds."""
        return self.inputs == "independent" and self.schedule == "anchored"


class Model(Section):
    """The architecture of V and M."""

    vision: Name  # a kind that mwm/models/visions registers
    latent: Annotated[int, Field(ge=1, le=4096)]
    hidden: Annotated[int, Field(ge=1, le=65536)]
    rank: Annotated[int, Field(ge=1, le=64)]
    memory: Annotated[int, Field(ge=1, le=65536)]
    loss: Literal["bce", "mse"]


class Batch(Section):
    """What one step sees of each world."""

    frames: Count
    sequences: Count
    length: Annotated[int, Field(ge=2, le=10**6)]


class Record(Section):
    """How often, and on how much, the curves are measured."""

    every: Count
    sequences: Count


class Act(Section):
    """One act of a schedule: how long, how many P and R steps, and the weight of the KL."""

    iterations: CountOrNone
    prediction_steps: CountOrNone
    reconstruction_steps: CountOrNone
    frames: Literal["random", "sequences"]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    cooldown: Annotated[float, Field(ge=0, le=1)]
    kl: Weight
    kl_ramp: CountOrNone


class ConstrainedAct(Act):
    """An act in which a world's latents are pulled towards the original's."""

    memory: Literal["frozen", "learns"]
    constraints: dict[Name, Weight]  # by kind, as mwm/training/constraints.py registers them


class Decipher(Section):
    """The search for the original's latents in another world, and what they are worth to V."""

    states: Annotated[int, Field(ge=128, le=8192)]
    restarts: Annotated[int, Field(ge=1, le=10_000)]
    weight: Weight


class Run(Section):
    """One trained meta-world model."""

    worlds: Annotated[list[Name], Field(min_length=2, max_length=2)]


class Train(Section):
    """The models, the schedule and the runs."""

    run: RunSettings
    model: Model
    batch: Batch
    record: Record
    see: Act
    anchor: Act
    decipher: Decipher
    recruit: ConstrainedAct
    joint: ConstrainedAct
    runs: Annotated[dict[Name, Run], Field(min_length=1)]
