"""The five variants of packed frames against a copy of them, and against unpacked frames."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.table import LIMIT, OURS, Row, measured, seconds
from mwm.io.frames import FRAME_BYTES, read_frames
from mwm.worlds import World

COUNT, ROUNDS = 100_000, 5
UNPACKED: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "transpose": lambda x: x.transpose(0, 2, 1).copy(),
    "hswap": lambda x: np.roll(x, 32, axis=2),
    "vswap": lambda x: np.roll(x, 32, axis=1),
    "invert": lambda x: 1 - x,
    "mirror": lambda x: x[:, :, ::-1].copy(),
}


def rows() -> list[Row]:
    packed = np.random.default_rng(0).integers(0, 256, (COUNT, FRAME_BYTES), dtype=np.uint8)
    pictures = np.unpackbits(packed, axis=1).reshape(-1, 64, 64)
    worlds = [World(name, [name]) for name in UNPACKED]
    per_million = 1e6 / COUNT
    contenders = {
        OURS: seconds(lambda: [world.show(packed) for world in worlds], scale=per_million),
        LIMIT: seconds(lambda: [packed.copy() for _ in worlds], scale=per_million),
        "uint8 pictures": seconds(
            lambda: [act(pictures) for act in UNPACKED.values()], scale=per_million
        ),
    }
    figures = measured(contenders, ROUNDS)
    return [
        Row("five variants of a million frames", "s", figures, "a copy of each", most=1.0),
        *bytes_a_frame(),
    ]


def bytes_a_frame() -> list[Row]:
    """What the files of the default run's worlds take, if they are here."""
    paths = [*Path("data/worlds").glob("*.h5")]
    if not paths:
        return []
    count = len(read_frames(paths[0], "world").frames)
    figures: dict[str, list[float]] = {
        OURS: [path.stat().st_size / count for path in paths],
        LIMIT: [FRAME_BYTES] * len(paths),
    }
    return [Row("a world's file", "bytes/frame", figures, "packed", most=12)]
