"""Section `train` of params.yaml: the models, the schedule of acts, and the runs."""

from typing import Annotated, Literal

from pydantic import Field

from mwm.settings.base import ORIGINAL, Count, CountOrNone, Name, Section, Seed, Weight

RESERVED_RUNS = ("see", "anchor", "smooth", "decipher", "recruit", "control", "transfer", ORIGINAL)
TRAINING = "training.json"  # beside a study's params.yaml: its section `train` alone


class RunSettings(Section):
    """Settings that all acts of a run share."""

    schedule: Literal["anchored", "joint"]
    inputs: Literal["corresponding", "independent"]
    seed: Seed
    device: Literal["auto", "cpu", "cuda"]
    threads: Annotated[int, Field(ge=1, le=256)]
    precision: Literal["float32", "tf32", "bfloat16"]

    @property
    def decipher_first(self) -> bool:
        """Whether `recruit` uses deciphered latents, as no frames correspond between worlds."""
        return self.inputs == "independent" and self.schedule == "anchored"


class Model(Section):
    """The architecture of V and M."""

    vision: Name  # a kind that mwm/models/visions registers
    latent: Annotated[int, Field(ge=1, le=4096)]
    hidden: Annotated[int, Field(ge=1, le=65536)]
    rank: Annotated[int, Field(ge=1, le=64)]
    memory: Annotated[int, Field(ge=1, le=65536)]
    predicts: Literal["change", "latent"]
    loss: Literal["bce", "mse"]
    rare_pixels: Annotated[float, Field(ge=0, le=1)]


class Batch(Section):
    """How much of each world one training step reads."""

    frames: Annotated[int, Field(ge=2, le=10**9)]  # of one frame constraints have no numbers
    rare_frames: Annotated[float, Field(ge=0, le=1)]
    sequences: Count
    length: Annotated[int, Field(ge=2, le=10**6)]
    dreams: Count
    dreamed: Count


class Record(Section):
    """How often the validation curves are measured, and on how many sequences."""

    every: Count
    sequences: Count


class Act(Section):
    """One act of a schedule: its length, P and R steps per iteration, learning rate and KL."""

    iterations: CountOrNone
    prediction_steps: CountOrNone
    reconstruction_steps: CountOrNone
    frames: Literal["random", "sequences"]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    cooldown: Annotated[float, Field(ge=0, le=1)]
    kl: Weight
    kl_ramp: CountOrNone


class AnchorAct(Act):
    """An act for the original alone: M learns, V stays as it was seen."""

    dream_steps: CountOrNone
    pixels: Weight


class ConstrainedAct(Act):
    """An act with constraints that pull a world's latents towards the original's."""

    constraints: dict[Name, Weight]  # by kind, as mwm/training/constraints.py registers them


class Decipher(Section):
    """The search for the original's latents in another world, and their weight in V's loss."""

    states: Annotated[int, Field(ge=128, le=8192)]
    restarts: Annotated[int, Field(ge=1, le=10_000)]
    weight: Weight
    drawn: Annotated[float, Field(ge=0, le=1)]
    refinements: Annotated[int, Field(ge=0, le=100)]


class Smooth(Section):
    """The network that mends codes by those before and after them."""

    steps: CountOrNone
    windows: Count
    hidden: Annotated[int, Field(ge=1, le=65536)]
    learning_rate: Annotated[float, Field(gt=0, le=10)]


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
    anchor: AnchorAct
    smooth: Smooth
    decipher: Decipher
    recruit: ConstrainedAct
    joint: ConstrainedAct
    runs: Annotated[dict[Name, Run], Field(min_length=1)]
