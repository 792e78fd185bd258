"""Time of the five variants on packed frames, against unpacked frames and against a plain copy.

    python -m bench.worlds [frames]

Limits, on idle cores: a third of the time on unpacked frames, 40 copies of the packed array.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from mwm.worlds import World

UNPACKED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "transpose": lambda x: x.transpose(0, 2, 1).copy(),
    "hswap": lambda x: np.roll(x, 32, axis=2),
    "vswap": lambda x: np.roll(x, 32, axis=1),
    "invert": lambda x: 1 - x,
    "mirror": lambda x: x[:, :, ::-1].copy(),
}


def seconds(act: Callable[[np.ndarray], np.ndarray], frames: np.ndarray) -> float:
    """The least of three tries, per million frames."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        act(frames)
        times.append(time.perf_counter() - start)
    return min(times) * 1e6 / len(frames)


def main(count: int = 100_000) -> None:
    packed = np.random.default_rng(0).integers(0, 256, (count, 512), dtype=np.uint8)
    pictures = np.unpackbits(packed, axis=1).reshape(-1, 64, 64)
    fast = {name: seconds(World(name, [name]).show, packed) for name in UNPACKED}
    slow = {name: seconds(act, pictures) for name, act in UNPACKED.items()}
    print(f"{count:,} frames; seconds per million")
    for name in UNPACKED:
        print(f"  {name:10} packed {fast[name]:6.3f}   unpacked {slow[name]:6.3f}")
    total, peer = sum(fast.values()), sum(slow.values())
    print(f"  {'all five':10} packed {total:6.3f}   unpacked {peer:6.3f}")
    print(f"ratio to unpacked {total / peer:5.2f} (limit 0.33)")
    print(f"ratio to a copy   {total / seconds(np.copy, packed):5.1f} (limit 40)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
