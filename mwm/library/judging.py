"""Measure a model on every pair of its worlds, on the pipeline's episodes or on your own."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from mwm import UsageError
from mwm.evaluation.pairs import evaluate_pairs
from mwm.io.bits import as_array, described
from mwm.io.frames import FRAME_BYTES, SIDE, Frames, check_ranges
from mwm.library.arguments import check_whole, check_world, path_of
from mwm.library.model import TrainedModel, check_model
from mwm.library.plays import read_frames
from mwm.settings.evaluate import Evaluate
from mwm.settings.lines import brief

MOST_LENGTH, MOST_FRAMES, MOST_SEED = 10**6, 10**9, 2**63 - 1  # as params `evaluate` has them
Source = Frames | str | PathLike[str]


def judge(
    model: TrainedModel,
    worlds: Mapping[str, Source] | str | PathLike[str],
    *,
    frames: int = 4000,
    length: int = 25,
    seed: int = 0,
    name: str = "model",
) -> list[dict[str, Any]]:
    """Cross-decoding of every ordered pair of worlds: alignment, errors, F1 of objects, success.

    Args:
        model: what to judge.
        worlds: the same episodes as each world shows them: by world a `Frames` (of `episodes_of` or
            `World.make`) or the path of a file such as data/worlds/mirror.h5. Or the folder of
            such files, for all worlds of the model.
        frames: how many frames of test episodes to judge by at most, in whole sequences: `length`
            or more.
        length: frames of a sequence that M reads before it starts anew, at least 2.
        seed: root of the shuffle that gives an unrelated frame for `chance`.
        name: what the column `model` says.

    Returns:
        A row per ordered pair, a world with itself included, as in eval/pairs.csv (columns:
        docs/file-formats.md, definitions: docs/metrics.md). `pandas.DataFrame(rows)` is a table.
        None stands for what cannot be measured.

    Raises:
        UsageError: no model or no worlds, a world that the model does not have, frames of another
            world than said, other actions than the model's, a number out of range, or no test
            episode that is long enough.
        ArtefactError: a file is missing or damaged, or worlds show different episodes.
    """
    check_model("judge", model)
    length = check_whole("judge: length", length, 2, MOST_LENGTH)
    frames = check_whole("judge: frames", frames, length, MOST_FRAMES)  # one sequence at least
    seed = check_whole("judge: seed", seed, 0, MOST_SEED)
    if not isinstance(name, str):
        raise UsageError(f"judge: name: expected text, found {brief(name)}")
    contents = _contents(model, worlds)
    longest = max(_test_lengths(next(iter(contents.values()))), default=0)
    if longest <= length:
        raise UsageError(
            f"judge: length: expected a test episode of more than {length} frames, found at most "
            f"{longest}; give longer ones, or a smaller length"
        )
    settings = Evaluate(frames=frames, length=length, dream=1, plays=None, film=2, seed=seed)
    return evaluate_pairs(name, model.module, contents, settings)


def _contents(
    model: TrainedModel, worlds: Mapping[str, Source] | str | PathLike[str]
) -> dict[str, Frames]:
    if not isinstance(worlds, Mapping):
        if not isinstance(worlds, str | PathLike):
            raise UsageError(
                f"judge: worlds: expected Frames or paths by world, or a folder, found "
                f"{brief(worlds)}; write {{'original': frames}} for one"
            )
        folder = path_of("judge: worlds", worlds)
        worlds = {world: folder / f"{world}.h5" for world in model.worlds}
    contents = {}
    for world, source in worlds.items():
        check_world(world, model.worlds)
        if isinstance(source, Frames):
            content = _checked(f"judge: {world}", source)
        elif isinstance(source, str | PathLike):
            content = read_frames(source)
        else:
            raise UsageError(
                f"judge: {world}: expected Frames, as of mwm.episodes_of, or a path, found "
                f"{brief(source)}"
            )
        if (shown := content.attributes.get("world")) != world:
            raise UsageError(
                f"judge: {world}: expected frames of that world, found those of {brief(shown)}; "
                f"World({world!r}, ...).make shows the original's in it"
            )
        if content.action_count != model.actions:
            raise UsageError(
                f"judge: {world}: expected a game of {model.actions} actions, as the model's, "
                f"found {content.action_count}"
            )
        contents[world] = content
    if not contents:
        raise UsageError("judge: expected one world or more, found none")
    return contents


def _checked(what: str, content: Frames) -> Frames:
    """`Frames` that a caller may have made, of NumPy's arrays, if their parts are as files' are."""
    if not isinstance(content.attributes, Mapping):
        raise UsageError(
            f"{what}: attributes: expected a mapping, found {brief(content.attributes)}; "
            "mwm.episodes_of makes Frames of your own"
        )
    n, ends = (np.shape(as_array(part))[:1] for part in (content.frames, content.episode_offsets))
    forms: dict[str, tuple[type[np.integer[Any]], tuple[int, ...]]] = {
        "frames": (np.uint8, (*n, FRAME_BYTES)),
        "actions": (np.uint8, n),
        "episode_offsets": (np.int64, ends),
        "split": (np.uint8, tuple(end - 1 for end in ends)),
        "pixel_map": (np.uint16, (SIDE * SIDE,)),
        "inverted": (np.uint8, (FRAME_BYTES,)),
    }
    parts: dict[str, Any] = {name: as_array(getattr(content, name)) for name in forms}
    for name, (dtype, shape) in forms.items():
        found = parts[name]
        if found.dtype != dtype or found.shape != shape or not shape:
            raise UsageError(
                f"{what}: {name}: expected {np.dtype(dtype)} {shape}, found {described(found)}; "
                "mwm.episodes_of makes Frames of your own"
            )
    checked = replace(content, **parts)
    check_ranges(what, checked)
    return checked


def _test_lengths(content: Frames) -> list[int]:
    lengths = np.diff(content.episode_offsets)
    return [int(length) for length in lengths[content.episodes("test")]]
