"""Milliseconds of a training step on two worlds, against a plain eager version and the matrix peak.

Run `python -m bench.train_step` on an idle machine, from the project's root.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from mwm.models.encoding import Sequences
from mwm.models.model import MetaWorldModel, initialise
from mwm.models.visions.base import Vision, pixel_loss, unpack_bits
from mwm.settings import params
from mwm.training.constraints import KINDS
from mwm.training.dreams import Dreamt
from mwm.training.phases import dream_step, prediction_step, reconstruction_step

WORLDS = ["original", "mirror"]
REPEATS = 30


def rectangles(count: int) -> torch.Tensor:
    """Frames like Pong's: two bats and a ball, packed."""
    rng = np.random.default_rng(0)
    frames = np.zeros((count, 64, 64), np.uint8)
    for frame in frames:
        for column in (6, 56):
            top = rng.integers(0, 57)
            frame[top : top + 7, column : column + 2] = 1
        row, column = rng.integers(8, 56, 2)
        frame[row : row + 2, column : column + 2] = 1
    return torch.from_numpy(np.packbits(frames.reshape(count, -1), axis=1))


def milliseconds(step: Callable[[], object]) -> float:
    for _ in range(5):
        step()
    started = time.perf_counter()
    for _ in range(REPEATS):
        step()
    return (time.perf_counter() - started) / REPEATS * 1e3


def main() -> None:
    p = params.load()
    torch.set_num_threads(p.train.run.threads)
    b, t = p.train.batch.sequences, p.train.batch.length
    packed = rectangles(b * (t + 1)).view(b, t + 1, -1)
    actions = torch.randint(0, 6, (b, t), generator=torch.Generator().manual_seed(0))
    batch = {world: Sequences(packed, actions) for world in WORLDS}
    flat = {world: batch[world].after for world in WORLDS}
    model = initialise(p.train.model, WORLDS, 6, seed=0)
    for world in WORLDS:
        model.vision(world).calibrate(flat[world])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)
    rng = torch.Generator().manual_seed(0)

    def learn(loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def plain_loss(vision: Vision, z: torch.Tensor, packed: torch.Tensor) -> torch.Tensor:
        return pixel_loss(vision.decode(z), unpack_bits(packed), vision.weights, "bce")

    def plain() -> None:
        z = [model.vision(w).encode(model.vision(w).unpack(x))[0] for w, x in flat.items()]
        parts = zip(flat.items(), z, strict=True)
        learn(torch.stack([plain_loss(model.vision(w), code, x) for (w, x), code in parts]).sum())

    peak = matrix_peak()
    print(
        f"{p.train.run.threads} threads, {len(WORLDS)} worlds, {b} x {t} frames each, "
        f"{p.train.model.vision}; matrix peak {peak:.0f} GFLOP/s"
    )
    baseline = milliseconds(plain)
    print(f"R with a dense target (baseline): {baseline:6.1f} ms")
    weights = p.train.recruit.constraints.items()
    constraints = {kind: (KINDS[kind], weight) for kind, weight in weights}
    steps: dict[str, Callable[[], None]] = {
        "R": lambda: learn(reconstruction_step(model, WORLDS, flat, 1.0, constraints, rng, {})[0]),
        "P": lambda: learn(prediction_step(model, WORLDS, batch, rng)[0]),
    }
    for name, step in steps.items():
        took = milliseconds(step)
        print(f"{name}: {took:6.1f} ms, {took / baseline:.2f} of the baseline")
    dreams = p.train.batch.dreams, p.train.batch.length, p.train.batch.dreamed
    took = milliseconds(dream(model, *dreams, p.train.anchor.pixels, learn))
    share = memory_operations(model, *dreams) / peak / 1e6 / took
    print(f"D: {took:6.1f} ms, M's products alone are {share:.0%} of it at the matrix peak")


def dream(
    model: MetaWorldModel,
    count: int,
    given: int,
    dreamed: int,
    pixels: float,
    learn: Callable[[torch.Tensor], None],
) -> Callable[[], None]:
    """A D step on `count` sequences."""
    rng, t = torch.Generator().manual_seed(0), given + dreamed
    packed = rectangles(count * (t + 1)).view(count, t + 1, -1)
    codes = torch.randn(count, t + 1, model.config.latent, generator=rng)
    batch = Dreamt(codes, torch.zeros(count, t, dtype=torch.int64), packed)
    model.visions.requires_grad_(False)
    return lambda: learn(dream_step(model, WORLDS[0], batch, given, pixels, rng)[0])


def memory_operations(model: MetaWorldModel, count: int, given: int, dreamed: int) -> float:
    """Of M's products in a D step, forward and (twice as many) backward."""
    weights = sum(p.numel() for p in model.memory.parameters() if p.dim() == 2)
    return 3 * 2 * weights * count * (given + dreamed)


def matrix_peak() -> float:
    """GFLOP/s of a large float32 product on the threads in use."""
    a = torch.randn(1024, 1024)
    return 2 * 1024**3 / milliseconds(lambda: a @ a) / 1e6


if __name__ == "__main__":
    main()
