"""The schema of params.yaml, and its reader: unknown keys, wrong types and ranges are told by line."""

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mwm import UsageError

NAME = r"^[a-z][a-z0-9_]{0,31}$"
RESERVED_RUNS = ("see", "anchor")
ORIGINAL = "original"

Name = Annotated[str, Field(pattern=NAME)]
Count = Annotated[int, Field(ge=1, le=10**9)]
CountOrNone = Annotated[int, Field(ge=0, le=10**9)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Share = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1e9)]


class Section(BaseModel):
    """A part of params.yaml: every key known, every value of its type (no "3" for 3), immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Collect(Section):
    """How the game is played."""

    game: Annotated[str, Field(pattern=r"^ALE/[A-Za-z0-9]+-v5$")]
    episodes: Count
    max_steps: Count
    frame_skip: Annotated[int, Field(ge=1, le=60)]
    hold: Count
    repeat_probability: Annotated[float, Field(ge=0, lt=1)]
    seed: Seed


class Preprocess(Section):
    """How episodes are split."""

    validation: Share
    test: Share

    @model_validator(mode="after")
    def _leaves_training_episodes(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(
                f"validation + test must leave episodes to train on (sum < 1), "
                f"found {self.validation} + {self.test}"
            )
        return self


class Variants(Section):
    """The worlds: names, and the registered bijections that compose them (see mwm/worlds)."""

    worlds: dict[Name, list[str | dict[str, dict[str, int]]]]

    @model_validator(mode="after")
    def _has_the_original(self) -> Self:
        if self.worlds.get(ORIGINAL) != []:
            raise ValueError(f"the world `{ORIGINAL}` must be listed, with no bijections: []")
        return self


class RunSettings(Section):
    """What holds for every act of a run."""

    schedule: Literal["anchored", "joint"]
    inputs: Literal["corresponding", "independent"]
    seed: Seed
    device: Literal["auto", "cpu", "cuda"]
    threads: Annotated[int, Field(ge=1, le=256)]
    precision: Literal["float32", "tf32", "bfloat16"]


class Model(Section):
    """The architecture of V and M."""

    vision: Literal["sparse", "dense", "conv"]
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
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    kl: Weight
    kl_ramp: CountOrNone


class ConstrainedAct(Act):
    """An act in which a world's latents are pulled towards the original's."""

    constraint: Literal["none", "moments", "sliced_wasserstein", "mmd"]
    constraint_weight: Weight


class Run(Section):
    """One trained meta-world model."""

    worlds: Annotated[list[Name], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _starts_from_the_original(self) -> Self:
        if len(set(self.worlds)) < len(self.worlds):
            raise ValueError(f"a run must not name one world twice, found {self.worlds}")
        if self.worlds[0] != ORIGINAL:
            raise ValueError(f"a run's first world must be `{ORIGINAL}`, found {self.worlds[0]!r}")
        return self


class Train(Section):
    """The models, the schedule and the runs."""

    run: RunSettings
    model: Model
    batch: Batch
    record: Record
    see: Act
    anchor: Act
    recruit: ConstrainedAct
    joint: ConstrainedAct
    runs: Annotated[dict[Name, Run], Field(min_length=1)]

    @model_validator(mode="after")
    def _runs_are_distinct(self) -> Self:
        variants: dict[str, str] = {}
        for name, run in self.runs.items():
            if name in RESERVED_RUNS:
                raise ValueError(f"a run must not be called {name!r}: runs/{name} is an act's folder")
            if other := variants.get(run.worlds[1]):
                raise ValueError(f"runs {other!r} and {name!r} name the same world {run.worlds[1]!r}")
            variants[run.worlds[1]] = name
        return self


class Evaluate(Section):
    """How much of the test episodes is evaluated."""

    frames: Count
    length: Annotated[int, Field(ge=2, le=10**6)]
    film: Annotated[int, Field(ge=2, le=5000)]
    seed: Seed


class Report(Section):
    """What the figures show."""

    strip_start: CountOrNone
    strip_frames: Annotated[int, Field(ge=2, le=32)]
    strip_every: Count
    dpi: Annotated[int, Field(ge=30, le=600)]


class Params(Section):
    """The whole of params.yaml."""

    collect: Collect
    preprocess: Preprocess
    variants: Variants
    train: Train
    evaluate: Evaluate
    report: Report

    @model_validator(mode="after")
    def _runs_name_listed_worlds(self) -> Self:
        for name, run in self.train.runs.items():
            for world in run.worlds:
                if world not in self.variants.worlds:
                    raise ValueError(
                        f"train.runs.{name}: world {world!r} is not in variants.worlds "
                        f"({', '.join(self.variants.worlds)}){_suggest(world, self.variants.worlds)}"
                    )
        return self


class _Loader(yaml.SafeLoader):
    """YAML 1.2's idea of a float: DVC writes `1e-05`, which PyYAML takes for a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def load(path: Path | str = "params.yaml") -> Params:
    """Read and check all of params.yaml, so that a typo in its last section stops the first stage.

    Raises:
        UsageError: the file is missing, is no YAML, or has faults: one line for each.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); run from the project's root") from None
    try:
        lines = _lines(yaml.compose(text, Loader=_Loader), path)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{path}: expected YAML, found: {said}") from None
    try:
        return Params.model_validate(data)
    except ValidationError as error:
        faults = [_fault(path, lines, dict(fault)) for fault in error.errors()]
        raise UsageError("\nerror: ".join(faults)) from None


def _lines(node: yaml.Node | None, path: Path) -> dict[tuple[str | int, ...], int]:
    """The line of every key; a key that is there twice is refused (YAML would drop the first)."""
    lines: dict[tuple[str | int, ...], int] = {}

    def visit(node: yaml.Node | None, here: tuple[str | int, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                there = (*here, str(key.value))
                line = key.start_mark.line + 1
                if there in lines:
                    name = ".".join(map(str, there))
                    raise UsageError(f"{path}:{line}: {name} is there twice, first on line {lines[there]}")
                lines[there] = line
                visit(value, there)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                lines[(*here, index)] = value.start_mark.line + 1
                visit(value, (*here, index))

    visit(node, ())
    return lines


def _fault(path: Path, lines: dict[tuple[str | int, ...], int], fault: dict[str, Any]) -> str:
    """One fault in one line: where, what was expected, what was found."""
    place = tuple(part for part in fault["loc"] if part != "[key]")
    while place and place not in lines and fault["type"] != "missing":
        place = place[:-1]  # a branch of a union, not a key
    known = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), 1)
    where = f"{path}:{known}: {'.'.join(map(str, place)) or 'the file'}"
    if fault["type"] == "extra_forbidden":
        keys = _keys(place[:-1])
        return f"{where}: unknown key; expected one of {', '.join(keys)}{_suggest(str(place[-1]), keys)}"
    if fault["type"] == "missing":
        return f"{where}: missing; add it"
    said = fault["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if fault["type"] == "value_error":
        return f"{where}: {said}"
    return f"{where}: expected {said}, found {fault['input']!r}"


def _keys(place: tuple[str | int, ...]) -> list[str]:
    """The keys that the section at `place` knows."""
    section: Any = Params
    for part in place:
        inner = section.model_fields.get(part) if hasattr(section, "model_fields") else None
        section = inner.annotation if inner else Run
    return list(getattr(section, "model_fields", {}))


def _suggest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
