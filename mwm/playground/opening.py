"""What the page starts from beside models: recorded plays, how worlds look, what is usual."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.frames import FRAME_BYTES, SIDE, Frames
from mwm.io.hdf5 import creating_h5, read_array, read_attributes, reading_h5
from mwm.models.model import MetaWorldModel
from mwm.playground.familiarity import familiarity
from mwm.playground.moments import LENGTH, choose
from mwm.settings.base import ORIGINAL

if TYPE_CHECKING:
    from mwm.playground.recorded import Recorded  # loads the emulator, which the demo does not need

STEERS = ("NOOP", "RIGHT", "LEFT")  # actions that the keys need: in Pong RIGHT is up
AGENT = "agent"
WORDS = {
    "transpose": "rows become columns",
    "hswap": "left and right halves swapped",
    "vswap": "upper and lower halves swapped",
    "invert": "colours inverted",
    "mirror": "left and right mirrored",
    "chessboard": "every other square inverted",
    "permutation": "pixels shuffled",
}
GAME = 600  # frames of a player's game that are shown: 40 seconds
KIND = "plays"
ARRAYS: dict[str, tuple[Any, tuple[int | None, ...]]] = {
    "plays.frames": (np.uint8, (None, None, FRAME_BYTES)),
    "plays.actions": (np.uint8, (None, None)),
    "worlds.map": (np.uint16, (None, SIDE * SIDE)),
    "worlds.inverted": (np.uint8, (None, FRAME_BYTES)),
    "games.frames": (np.uint8, (None, None, FRAME_BYTES)),
    "games.points": (np.int16, (None, None)),
}


@dataclass(frozen=True)
class Opening:
    """What the page starts from.

    Attributes:
        header: JSON values: worlds with what their bijections do, actions, objects, ...
        arrays: ARRAYS by name: recorded plays of the original, as `Moments` has them; and of all
            worlds pixel_map (w, 4096) and inverted (w, 512), as `Frames` has them; and of the
            player's games, one in each world or none, what `Game` has.
    """

    header: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def opening(
    model: MetaWorldModel, worlds: Mapping[str, Frames], recorded: Sequence["Recorded"] = ()
) -> Opening:
    """Choose plays, and look at what is usual.

    Args:
        model: V of all worlds, as the page has them: quantised.
        worlds: by name, those of `model`, the original first.
        recorded: the player's games in each of them, in any order; or none.

    Raises:
        UsageError: a game without Pong's keys.
        MwmError: no test episode is long enough.
    """
    original = worlds[ORIGINAL]
    _check_game(original)
    moments = choose(original)
    by_world = sorted(recorded, key=lambda each: [*worlds].index(each.game.world))
    header = {
        "worlds": [{"name": name, "words": _words(frames)} for name, frames in worlds.items()],
        "actions": json.loads(str(original.attributes["action_names"])),
        "objects": json.loads(str(original.attributes["objects"])),
        "frame_skip": int(original.attributes["frame_skip"]),
        "familiar": familiarity(model, original)._asdict(),
        "seen": LENGTH,
        "games": [{"score": each.score, "games": each.games} for each in by_world],
    }
    maps = np.stack([frames.pixel_map for frames in worlds.values()])
    inverted = np.stack([frames.inverted for frames in worlds.values()])
    parts = (*moments, maps, inverted, *_begun(by_world))
    return Opening(header, dict(zip(ARRAYS, parts, strict=True)))


def write(path: Path, content: Opening) -> None:
    """Write plays.h5; the same content gives the same bytes."""
    with creating_h5(path, KIND, {"header": json.dumps(content.header)}) as file:
        for name, array in content.arrays.items():
            file.create_dataset(name, data=array, compression="gzip")


def read(path: Path) -> Opening:
    """Read what `write` wrote.

    Raises:
        MwmError: missing, damaged or of another kind.
    """
    with reading_h5(path, KIND) as file:
        header = json.loads(str(read_attributes(file)["header"]))
        arrays = {name: read_array(file, name, *shape) for name, shape in ARRAYS.items()}
    return Opening(header, arrays)


def _begun(recorded: Sequence["Recorded"]) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    """Frames (w, n, 512) and points (w, n) of games, as far as all of them go, GAME at most."""
    games = [each.game for each in recorded]
    length = min([GAME, *(len(game.points) for game in games)]) if games else 0
    frames = np.empty((len(games), length, FRAME_BYTES), np.uint8)
    points = np.empty((len(games), length), np.int16)
    for place, game in enumerate(games):
        frames[place], points[place] = game.frames[:length], game.points[:length]
    return frames, points


def _check_game(original: Frames) -> None:
    actions = json.loads(str(original.attributes["action_names"]))
    objects = json.loads(str(original.attributes["objects"]))
    if {*STEERS} - {*actions} or AGENT not in objects:
        raise UsageError(
            f"params.yaml: collect.game: the playground needs the actions {', '.join(STEERS)} and "
            f"an object {AGENT!r}, as Pong has, found {original.attributes['game']} with "
            f"{', '.join(actions)} and {', '.join(objects) or 'no object'}"
        )


def _words(frames: Frames) -> str:
    """What a world's bijections do, in words."""
    steps = json.loads(str(frames.attributes["bijections"]))
    kinds = [step if isinstance(step, str) else next(iter(step)) for step in steps]
    return ", then ".join(WORDS.get(kind, kind) for kind in kinds) or "Pong as it is"
