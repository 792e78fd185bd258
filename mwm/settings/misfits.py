"""Rules between values of params.yaml that are each valid on their own."""

from collections.abc import Iterator, Mapping
from typing import Any

from mwm.settings.base import ORIGINAL
from mwm.settings.kinds import misfit_kinds
from mwm.settings.lengths import misfit_lengths
from mwm.settings.lines import BRIEF, Key, did_you_mean
from mwm.settings.preprocess import split_counts
from mwm.settings.train import RESERVED_RUNS

ENOUGH = 100_000  # episodes; more are good for everything
UNSEEN = ("size", "nfiles")  # keys that DVC's run-cache leaves out of what it compares, anywhere


def misfits(p: Any) -> Iterator[tuple[Key, str]]:
    """Keys whose values break a rule, and what is wrong with them.

    In `p` any entry may be missing, or None if it is invalid: rules that need it are skipped.
    """
    yield from _misfit_names(p)
    yield from misfit_kinds(p)
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
    yield from _misfit_steps(p)
    yield from _misfit_max_steps(p)


def _misfit_names(section: Any, key: Key = ()) -> Iterator[tuple[Key, str]]:
    if isinstance(section, dict | list):
        for name, value in section.items() if isinstance(section, dict) else enumerate(section):
            if name in UNSEEN:
                said = f"expected another name: DVC overlooks a change of what is called {name!r}"
                yield (*key, name), said
            yield from _misfit_names(value, (*key, name))


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
    """Settings that need corresponding inputs, in a run with independent inputs."""
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


def _misfit_steps(p: Any) -> Iterator[tuple[Key, str]]:
    """Steps of an anchored schedule that would train what another act trains."""
    match p:
        case {"train": {"run": {"schedule": "anchored"}, **train}}:
            for act, kind, why in (
                ("anchor", "reconstruction_steps", "V of the original stays as it was seen"),
                ("recruit", "prediction_steps", "M is trained beside the recruits"),
            ):
                match train.get(act):
                    case {**settings} if steps := settings.get(kind):
                        said = (
                            f"expected 0, since {why} (train.run.schedule: anchored), found {steps}"
                        )
                        yield ("train", act, kind), said


def _misfit_max_steps(p: Any) -> Iterator[tuple[Key, str]]:
    """What even the longest episodes that may be collected are too short for."""
    match p:
        case {
            "collect": {"episodes": int(episodes), "max_steps": int(steps)},
            "preprocess": {"validation": float(validation), "test": float(test)},
        }:
            counts = split_counts(min(episodes, ENOUGH), validation, test)
            if counts["train"] > 0:
                longest = {split: [steps] * count for split, count in counts.items()}
                yield from misfit_lengths(p, longest)
