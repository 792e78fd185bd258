"""The schema of params.yaml and its reader; every fault is told by file and line."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mwm import UsageError

NAME = r"^[a-z][a-z0-9_]{0,31}$"
RESERVED_RUNS = ("see", "anchor", "decipher")
ORIGINAL = "original"

T = TypeVar("T")

Key = tuple[str | int, ...]
Places = dict[Key, str]

Name = Annotated[str, Field(pattern=NAME)]
Count = Annotated[int, Field(ge=1, le=10**9)]
CountOrNone = Annotated[int, Field(ge=0, le=10**9)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Share = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1e9)]
Constraint = Literal["moments", "contrast", "transport", "sinkhorn", "sliced_wasserstein", "mmd"]


class MisfitError(ValueError):
    """Values that are fine one by one but not together; `key` says where, below the section."""

    def __init__(self, key: Key, said: str) -> None:
        super().__init__(said)
        self.key = key


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
            raise MisfitError(
                ("test",),
                "expected validation + test < 1, to leave episodes to train on, "
                f"found {self.validation} + {self.test}",
            )
        return self


class Variants(Section):
    """The worlds: names, and the registered bijections that compose them (see mwm/worlds)."""

    worlds: dict[Name, list[str | dict[str, dict[str, int]]]]

    @model_validator(mode="after")
    def _has_the_original(self) -> Self:
        if self.worlds.get(ORIGINAL) != []:
            found = self.worlds.get(ORIGINAL, "none")
            raise MisfitError(("worlds", ORIGINAL), f"expected [] (no bijections), found {found}")
        return self


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
    frames: Literal["random", "sequences"]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    cooldown: Annotated[float, Field(ge=0, le=1)]
    kl: Weight
    kl_ramp: CountOrNone


class ConstrainedAct(Act):
    """An act in which a world's latents are pulled towards the original's."""

    memory: Literal["frozen", "learns"]
    constraints: dict[Constraint, Weight]


class Decipher(Section):
    """The search for the original's latents in another world, and what they are worth to V."""

    states: Annotated[int, Field(ge=128, le=8192)]
    restarts: Annotated[int, Field(ge=1, le=10_000)]
    weight: Weight


class Run(Section):
    """One trained meta-world model."""

    worlds: Annotated[list[Name], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _starts_from_the_original(self) -> Self:
        if len(set(self.worlds)) < len(self.worlds):
            raise MisfitError(("worlds",), f"expected distinct worlds, found {self.worlds}")
        if self.worlds[0] != ORIGINAL:
            raise MisfitError(("worlds",), f"expected {ORIGINAL!r} first, found {self.worlds}")
        return self


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

    @model_validator(mode="after")
    def _runs_are_distinct(self) -> Self:
        variants: dict[str, str] = {}
        for name, run in self.runs.items():
            if name in RESERVED_RUNS:
                said = (
                    f"expected a name other than {', '.join(RESERVED_RUNS)}: runs/{name} is taken"
                )
                raise MisfitError(("runs", name), said)
            if other := variants.get(run.worlds[1]):
                said = f"expected a world of its own, found {run.worlds[1]!r} as in {other!r}"
                raise MisfitError(("runs", name, "worlds"), said)
            variants[run.worlds[1]] = name
        return self

    @model_validator(mode="after")
    def _contrast_has_corresponding_inputs(self) -> Self:
        act = "joint" if self.run.schedule == "joint" else "recruit"
        asked = getattr(self, act).constraints.get("contrast", 0.0)
        if asked and self.run.inputs != "corresponding":
            said = (
                "contrast compares halves of one batch, it needs train.run.inputs: corresponding, "
                f"found {self.run.inputs}; choose other constraints, or those inputs"
            )
            raise MisfitError((act, "constraints", "contrast"), said)
        return self

    @model_validator(mode="after")
    def _deciphered_latents_are_of_random_frames(self) -> Self:
        if self.run.decipher_first and self.decipher.weight and self.recruit.frames != "random":
            said = (
                "expected random, since latents are deciphered of single frames (train.run.inputs: "
                f"independent), found {self.recruit.frames}; lay profiles/independent.yaml over "
                "this file, or set train.decipher.weight to 0"
            )
            raise MisfitError(("recruit", "frames"), said)
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
        known = self.variants.worlds
        for name, run in self.train.runs.items():
            for world in run.worlds:
                if world not in known:
                    listed = f"{', '.join(known)}{did_you_mean(world, known)}"
                    said = f"expected worlds of variants.worlds, found {world!r}; listed: {listed}"
                    raise MisfitError(("train", "runs", name, "worlds"), said)
        return self


class _Loader(yaml.SafeLoader):
    """YAML 1.2's idea of a float: DVC writes `1e-05`, which PyYAML takes for a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


_PYDANTICS_WORDS = (
    r"^(Input|String|List) should (be|have|match) | or instance of \w+$| after validation, not \d+$"
)


def load(path: Path | str = "params.yaml") -> Params:
    """Read and check all of params.yaml, so that a typo in its last section stops the first stage.

    Raises:
        UsageError: the file is missing, is no YAML, or has faults: one line for each.
    """
    return check(*read(path))


def read(path: Path | str) -> tuple[Any, Places]:
    """The content of a YAML file, unchecked, and the place ("file:line") of each of its keys.

    Raises:
        UsageError: the file is missing, is no YAML, or has a key twice.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); run from the project's root") from None
    try:
        places = _places(yaml.compose(text, Loader=_Loader), path)
        return yaml.load(text, Loader=_Loader), places
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{path}: expected YAML, found: {said}") from None


def check(data: Any, places: Places) -> Params:
    """Check `data` against the schema; `places` says where each key was read.

    Raises:
        UsageError: unknown or missing keys, wrong types, values out of range: one line for each.
    """
    try:
        return Params.model_validate(data)
    except ValidationError as error:
        faults = [_fault(places, dict(fault)) for fault in error.errors()]
        raise UsageError("\nerror: ".join(faults)) from None


def _places(node: yaml.Node | None, path: Path) -> Places:
    """The place of every key; a key that is there twice is refused (YAML would drop the first)."""
    places: Places = {(): f"{path}:1"}

    def visit(node: yaml.Node | None, here: Key) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                there = (*here, str(key.value))
                place = f"{path}:{key.start_mark.line + 1}"
                if there in places:
                    name = ".".join(map(str, there))
                    raise UsageError(f"{place}: {name} is there twice, first at {places[there]}")
                places[there] = place
                visit(value, there)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                places[(*here, index)] = f"{path}:{value.start_mark.line + 1}"
                visit(value, (*here, index))

    visit(node, ())
    return places


def _fault(places: Places, fault: dict[str, Any]) -> str:
    """One fault in one line: where, what was expected, what was found."""
    key = tuple(part for part in fault["loc"] if part != "[key]")
    match fault["type"]:
        case "missing":
            said = "missing; add it"
        case "extra_forbidden":
            known = _keys(key[:-1])
            said = f"unknown key; expected one of {', '.join(known)}"
            said += did_you_mean(str(key[-1]), known)
        case "value_error":
            misfit: MisfitError = fault["ctx"]["error"]
            key, said = key + misfit.key, str(misfit)
        case _:
            while key not in places:
                key = key[:-1]  # a branch of a union, not a key
            expected = re.sub(_PYDANTICS_WORDS, "", fault["msg"])
            said = f"expected {expected}, found {fault['input']!r}"
    place = next(places[key[:n]] for n in range(len(key), -1, -1) if key[:n] in places)
    return f"{place}: {'.'.join(map(str, key)) or 'the file'}: {said}"


def _keys(place: tuple[str | int, ...]) -> list[str]:
    """The keys that the section at `place` knows."""
    section: Any = Params
    for part in place:
        inner = section.model_fields.get(part) if hasattr(section, "model_fields") else None
        section = inner.annotation if inner else Run
    return list(getattr(section, "model_fields", {}))


def pick(table: Mapping[str, T], name: str, where: str) -> T:
    """The entry `name` of a mapping in params.yaml; `where` is the mapping's key.

    Raises:
        UsageError: there is no such entry.
    """
    if name not in table:
        known = f"{', '.join(table)}{did_you_mean(name, table)}"
        raise UsageError(f"params.yaml: {where} has no {name!r}; expected one of {known}")
    return table[name]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'mirror'?`, to end an error about `word`; empty if nothing known is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
