"""The schema of params.yaml; every fault is told by file and line."""

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mwm import UsageError
from mwm.faults import BRIEF, Key, Places, did_you_mean, read, tell

NAME = r"^[a-z][a-z0-9_]{0,31}$"
RESERVED_RUNS = ("see", "anchor", "decipher")
ORIGINAL = "original"

T = TypeVar("T")

Name = Annotated[str, Field(pattern=NAME)]
Count = Annotated[int, Field(ge=1, le=10**9)]
CountOrNone = Annotated[int, Field(ge=0, le=10**9)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Argument = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Share = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1e9)]
Constraint = Literal["moments", "contrast", "transport", "sinkhorn", "sliced_wasserstein", "mmd"]


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


class Variants(Section):
    """The worlds: names, and the registered bijections that compose them (see mwm/worlds)."""

    worlds: dict[Name, list[str | dict[str, dict[str, Argument]]]]


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


def check_name(name: str, of: str) -> str:
    """`name` as it is, if worlds and runs (`of`) may have it: it becomes part of a path.

    Raises:
        UsageError: it is something else, a path perhaps.
    """
    if not re.fullmatch(NAME, name):
        raise UsageError(
            f"{of}: expected a name such as 'mirror' ({NAME}), found {BRIEF.repr(name)}"
        )
    return name


def load(path: Path | str = "params.yaml") -> Params:
    """Read and check all of params.yaml, so that a typo in its last section stops the first stage.

    Raises:
        UsageError: the file is missing, is no YAML, or has faults: one line for each.
    """
    return check(*read(path))


def check(data: Any, places: Places) -> Params:
    """Check `data` against the schema; `places` says where each key was read.

    Raises:
        UsageError: unknown or missing keys, wrong types, values out of range, values that do not
            go together: one line for each.
    """
    faults, params = [], None
    try:
        params = Params.model_validate(data)
    except ValidationError as error:
        faults = [_fault(places, dict(fault)) for fault in error.errors()]
    faults += misfits(_blanked(data, [key for key, _ in faults]))
    if params is None or faults:
        raise UsageError("\nerror: ".join(tell(places, key, said) for key, said in faults))
    return params


def misfits(p: Any) -> Iterator[tuple[Key, str]]:
    """Values that are fine one by one but not together, by key.

    In `p` anything may be missing, or None for faulty: what lacks its values breaks no rule.
    """
    match p:
        case {"preprocess": {"validation": float(validation), "test": float(test)}}:
            if validation + test >= 1:
                said = (
                    "expected validation + test < 1, to leave episodes to train on, "
                    f"found {validation} + {test}"
                )
                yield ("preprocess", "test"), said
    match p:
        case {"variants": {"worlds": dict(worlds)}}:
            if found := worlds.get(ORIGINAL, "none"):
                said = f"expected [] (no bijections), found {BRIEF.repr(found)}"
                yield ("variants", "worlds", ORIGINAL), said
    match p:
        case {"train": {"runs": dict(runs)}}:
            yield from _misfit_runs(runs)
    match p:
        case {"variants": {"worlds": dict(worlds)}, "train": {"runs": dict(runs)}}:
            for name, run in runs.items():
                for world in dict.fromkeys(_worlds(run)):
                    if world not in worlds:
                        known = list(map(str, worlds))
                        listed = f"{', '.join(known)}{did_you_mean(world, known)}"
                        said = (
                            f"expected worlds of variants.worlds, found {world!r}; listed: {listed}"
                        )
                        yield ("train", "runs", name, "worlds"), said
    match p:
        case {"train": {"run": {"inputs": "independent", "schedule": str(schedule)}, **train}}:
            yield from _misfit_acts(schedule, train)


def _misfit_runs(runs: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    variants: dict[str, str] = {}
    for name, run in runs.items():
        key, worlds = ("train", "runs", name), _worlds(run)
        if name in RESERVED_RUNS:
            known = ", ".join(RESERVED_RUNS)
            yield key, f"expected a name other than {known}: runs/{name} is taken"
        if len(set(worlds)) < len(worlds):
            yield (*key, "worlds"), f"expected distinct worlds, found {worlds}"
        elif worlds and worlds[0] != ORIGINAL:
            yield (*key, "worlds"), f"expected {ORIGINAL!r} first, found {worlds}"
        elif other := variants.get(worlds[-1] if worlds else ""):
            said = f"expected a world of its own, found {worlds[-1]!r} as in {other!r}"
            yield (*key, "worlds"), said
        variants |= dict.fromkeys(worlds[1:], name)


def _worlds(run: Any) -> list[str]:
    return run.get("worlds") or [] if isinstance(run, dict) else []


def _misfit_acts(schedule: str, train: Mapping[Any, Any]) -> Iterator[tuple[Key, str]]:
    """Acts that need corresponding inputs, of a run whose inputs are independent."""
    act = "joint" if schedule == "joint" else "recruit"
    match train.get(act):
        case {"constraints": {"contrast": contrast}} if contrast:
            said = (
                "contrast compares halves of one batch, it needs train.run.inputs: corresponding, "
                "found independent; choose other constraints, or those inputs"
            )
            yield ("train", act, "constraints", "contrast"), said
    match train:
        case {
            "decipher": {"weight": weight},
            "recruit": {"frames": "sequences"},
        }:
            if weight and schedule == "anchored":
                said = (
                    "expected random, since latents are deciphered of single frames "
                    "(train.run.inputs: independent), found sequences; lay "
                    "profiles/independent.yaml over this file, or set train.decipher.weight to 0"
                )
                yield ("train", "recruit", "frames"), said


def _blanked(data: Any, keys: list[Key]) -> Any:
    """`data`, with None for the innermost entry of a mapping that each faulty key leads to."""
    left = copy.deepcopy(data) if keys else data
    for key in keys:
        section, last = left, None
        for part in key:
            if isinstance(section, dict):
                last = (section, part)
            section = section[part] if not isinstance(section, dict) else section.get(part)
        if last:
            last[0][last[1]] = None
    return left


_PYDANTICS_WORDS = (
    r"^(Input|String|List) should (be|have|match) | or instance of \w+$| after validation, not \d+$"
)


def _fault(places: Places, fault: dict[str, Any]) -> tuple[Key, str]:
    """The key of one fault of pydantic's, and in words what was expected and found."""
    key: Key = tuple(part for part in fault["loc"] if part != "[key]")
    match fault["type"]:
        case "missing":
            return key, "missing; add it"
        case "extra_forbidden":
            known = _keys(key[:-1])
            said = f"unknown key; expected one of {', '.join(known)}"
            return key, said + did_you_mean(str(key[-1]), known)
        case kind:
            while key not in places:
                key = key[:-1]  # a branch of a union, not a key
            expected = re.sub(_PYDANTICS_WORDS, "", fault["msg"])
            said = f"expected {expected}, found {BRIEF.repr(fault['input'])}"
            known = re.findall(r"'(\w+)'", expected) if kind == "literal_error" else []
            return key, said + did_you_mean(str(fault["input"]), known)


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
        said = f"{where} has no {BRIEF.repr(name)}; expected one of {known}"
        raise UsageError(f"params.yaml: {said}")
    return table[name]
