"""Whether episodes are long enough for what params ask of them, told before hours of work.

Every stage that knows the episodes checks the needs of later stages as well. The check ends a stage
or does nothing, so no result depends on it: what it reads is no param of that stage.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mwm import UsageError
from mwm.settings.base import Section
from mwm.settings.lines import Key

Lengths = Mapping[str, Sequence[int]]  # frames of the episodes of each split

# What decipherment needs (mwm/decipherment; a test compares).
SEQUENCE = 100  # frames of a sequence; one is learned from, another is held out
SPAN = SEQUENCE + 8  # frames of an episode: a sequence, and the longest lag
MARGIN = 5  # frames of an episode that are in no state, too near its ends

LONGER = "shorten it, or raise collect.max_steps"


def check(p: Section, lengths: Lengths) -> None:
    """Refuse params that ask for more than the episodes have.

    Args:
        p: all params.
        lengths: of the episodes that there are.

    Raises:
        UsageError: one line for each of them.
    """
    if faults := list(misfit_lengths(p.model_dump(), lengths)):
        lines = [f"params.yaml: {'.'.join(map(str, key))}: {said}" for key, said in faults]
        raise UsageError("\nerror: ".join(lines))


def misfit_lengths(p: Any, lengths: Lengths) -> Iterator[tuple[Key, str]]:
    """Keys that ask for more than episodes of these lengths have, and what is wrong with them.

    In `p` any entry may be missing, or None if it is invalid: rules that need it are skipped.
    """
    match p:
        case {"train": {"run": {"inputs": str(inputs)}, **train}}:
            whole = lengths["train"]
            halves = [whole] if inputs == "corresponding" else [whole[::2], whole[1::2]]
            if all(halves):
                longest = min(map(max, [*halves, lengths["validation"]]))
                yield from _misfit_sequences(train, longest, _dreams(p))
            else:
                said = (
                    "expected two episodes to train on, as worlds share none (train.run.inputs: "
                    f"{inputs}), found {len(whole)}; collect more"
                )
                yield ("collect", "episodes"), said
    match p:
        case {"train": {"run": {"inputs": "independent", "schedule": "anchored"}, **train}}:
            yield from _misfit_decipherment(train, lengths["train"][::2], lengths["train"][1::2])
    match p:
        case {"evaluate": dict(evaluate), **others}:
            yield from _misfit_tests(evaluate, others.get("report"), max(lengths["test"]))


def _dreams(p: Any) -> bool:
    """Whether M learns from dreams."""
    match p:
        case {"train": {"run": {"schedule": "anchored"}, "anchor": {"dream_steps": int(steps)}}}:
            return steps > 0
    return False


def _misfit_sequences(train: Any, longest: int, dreams: bool) -> Iterator[tuple[Key, str]]:
    """The sequences that a step reads, each from one episode, and those that M dreams on (D)."""
    after = 2 if dreams else 1
    match train:
        case {"batch": {"length": int(length)}} if length + after > longest:
            said = (
                f"expected at most {longest - after}, as the longest episode for training or "
                f"validation has {longest} frames and {after} more than the sequence are needed, "
                f"found {length}; {LONGER}"
            )
            yield ("train", "batch", "length"), said
        case {"batch": {"length": int(length), "dreamed": int(dreamed)}} if (
            dreams and length + dreamed >= longest
        ):
            said = (
                f"expected at most {longest - 1 - length}, as the longest episode for training or "
                f"validation has {longest} frames, of which M reads {length} and one more is "
                f"needed, found {dreamed}; {LONGER}"
            )
            yield ("train", "batch", "dreamed"), said


def _misfit_decipherment(
    train: Any, original: Sequence[int], other: Sequence[int]
) -> Iterator[tuple[Key, str]]:
    """What is learned of each world's half of the episodes."""
    longest = min(max(original, default=0), max(other, default=0))
    sequences = sum(length // SEQUENCE for length in other)
    if longest < SPAN or sequences < 2:
        said = (
            f"independent: expected for each world an episode of {SPAN} frames or more, and "
            f"2 sequences of {SEQUENCE}, found the longest of {longest}, and {sequences} sequences"
            "; raise collect.max_steps or collect.episodes"
        )
        yield ("train", "run", "inputs"), said
    frames = min(sum(max(0, n - MARGIN) for n in half) for half in (original, other))
    match train:
        case {"decipher": {"states": int(states)}} if states > frames:
            said = (
                f"expected at most {frames}, the frames of one world's half of the episodes, "
                f"found {states}; lower it, or raise collect.episodes"
            )
            yield ("train", "decipher", "states"), said


def _misfit_tests(evaluate: Any, report: Any, longest: int) -> Iterator[tuple[Key, str]]:
    """What is read, dreamt and filmed of a test episode."""
    match evaluate:
        case {"length": int(length)} if length + 1 >= longest:
            said = (
                f"expected at most {longest - 2}, as the longest test episode has {longest} frames "
                f"and one dreamt step at least follows the sequence, found {length}; {LONGER}"
            )
            yield ("evaluate", "length"), said
    match evaluate, report:
        case (
            {"film": int(film)},
            {
                "strip_start": int() | None as start,
                "strip_frames": int(count),
                "strip_every": int(every),
            },
        ):
            last, filmed = (start or 0) + (count - 1) * every, min(film, longest - 1)
            if last >= filmed:
                said = (
                    f"expected a strip within the film's {filmed} frames, found its last frame at "
                    f"{last}; lower strip_start, strip_frames or strip_every, or raise "
                    f"{'evaluate.film' if filmed == film else 'collect.max_steps'}"
                )
                yield ("report",), said
