"""Training steps on two worlds against the matrix peak, and against plain eager PyTorch."""

import json
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from bench.table import LIMIT, OURS, Row, measured, seconds
from mwm.io.frames import FRAME_BYTES, SIDE, Frames
from mwm.models.model import MetaWorldModel, initialise
from mwm.models.visions.base import kl_divergence, pixel_loss, sample_gaussian, unpack_bits
from mwm.models.visions.conv import FromPixel
from mwm.settings import params
from mwm.settings.train import Train
from mwm.training.dreams import Dreamt
from mwm.training.phases import dream_step, reconstruction_step

WORLDS = ["original", "mirror"]
ROUNDS, TIMES = 5, 5
LONG = {"conv": (2, 1)}  # rounds and times of what takes seconds
LENGTH = 900  # frames of a made-up episode
SOME = 9000  # different ones
OBJECTS = {"opponent": [0, 0, 64, 8], "agent": [0, 56, 64, 64], "ball": [0, 8, 64, 56]}
AIMS = {"conv": 1 / 0.6}
MOST = {"sparse": 60.0}


def rows() -> list[Row]:
    p = params.load().train
    torch.set_num_threads(p.run.threads)
    found = [row_of(p, vision) for vision in ("sparse", "dense", "conv")]
    return [*found, dream_row(p)]


def row_of(p: Train, vision: str) -> Row:
    """An R step of both worlds' Vs, whose operations are counted in the plain version."""
    count = p.batch.frames
    model = model_of(p, vision)
    ours, plain = step_of(model, count), plain_step(model_of(p, vision), count)
    with FlopCounterMode(display=False) as counter:
        plain()
    operations = counter.get_total_flops()
    rounds, times = LONG.get(vision, (ROUNDS, TIMES))
    contenders = {
        OURS: seconds(ours, times, 1e3),
        LIMIT: peak(operations),
        "plain eager": seconds(plain, times, 1e3),
    }
    return Row(
        f"R step, {vision}, 2 x {count} frames",
        "ms",
        measured(contenders, rounds),
        f"{operations / 1e9:.1f} GFLOP at the peak",
        aim=AIMS.get(vision),
        most=MOST.get(vision),
    )


def peak(operations: int) -> Callable[[], float]:
    """Milliseconds of so many operations at the rate of a large float32 product."""
    a = torch.randn(1024, 1024)
    product = seconds(lambda: a @ a, 3, 1e3)
    return lambda: product() * operations / (2 * 1024**3)


def model_of(p: Train, vision: str) -> MetaWorldModel:
    """Fresh, and calibrated to made-up frames."""
    made = initialise(p.model.model_copy(update={"vision": vision}), WORLDS, 6, seed=0)
    for world in WORLDS:
        made.vision(world).calibrate(packed(400))
    return made


def step_of(model: MetaWorldModel, count: int) -> Callable[[], None]:
    """Our R step without constraints, with its optimizer."""
    flat = {world: packed(count, seed) for seed, world in enumerate(WORLDS)}
    rng, learn = torch.Generator().manual_seed(0), learning(model)
    return lambda: learn(reconstruction_step(model, WORLDS, flat, 1.0, {}, rng, {})[0])


def plain_step(model: MetaWorldModel, count: int) -> Callable[[], None]:
    """The same as one would write it at first: unpacked frames, and PyTorch's own layers."""
    for layer in model.modules():
        if isinstance(layer, FromPixel):
            layer.__class__ = nn.ConvTranspose2d  # type: ignore[assignment]
    flat = {world: packed(count, seed) for seed, world in enumerate(WORLDS)}
    rng, learn = torch.Generator().manual_seed(0), learning(model)

    def loss(world: str) -> torch.Tensor:
        vision, x = model.vision(world), flat[world]
        mean, log_variance = vision.encode(vision.unpack(x))
        logits = vision.decode(sample_gaussian(mean, log_variance, rng))
        loss = pixel_loss(logits, unpack_bits(x), vision.weights, "bce")
        return loss + kl_divergence(mean, log_variance)

    return lambda: learn(torch.stack([loss(world) for world in WORLDS]).sum())


def learning(model: MetaWorldModel) -> Callable[[torch.Tensor], None]:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)

    def learn(loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return learn


def dream_row(p: Train) -> Row:
    """A D step of M, of which M's products are counted: forward and twice as many backward."""
    count, given, dreamed = p.batch.dreams, p.batch.length, p.batch.dreamed
    model, t = model_of(p, p.model.vision), given + dreamed
    rng = torch.Generator().manual_seed(0)
    codes = torch.randn(count, t + 1, model.config.latent, generator=rng)
    frames = packed(count * (t + 1)).view(count, t + 1, -1)
    batch = Dreamt(codes, torch.zeros(count, t, dtype=torch.int64), frames)
    model.visions.requires_grad_(False)
    learn, pixels = learning(model), p.anchor.pixels
    weights = sum(w.numel() for w in model.memory.parameters() if w.dim() == 2)
    contenders = {
        OURS: seconds(
            lambda: learn(dream_step(model, WORLDS[0], batch, given, pixels, rng)[0]), TIMES, 1e3
        ),
        LIMIT: peak(6 * weights * count * t),
    }
    name = f"D step, {count} sequences of {given} + {dreamed}"
    return Row(name, "ms", measured(contenders, ROUNDS), "M's products at the peak")


def packed(count: int, seed: int = 0) -> torch.Tensor:
    """Frames like Pong's, two bats and a ball: (count, 512)."""
    return torch.from_numpy(rectangles(count, seed))


def rectangles(count: int, seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    rows = np.arange(SIDE)
    frames = np.zeros((count, SIDE, SIDE), bool)
    for column in (6, 56):
        top = rng.integers(0, 57, (count, 1))
        frames[:, :, column : column + 2] |= ((rows >= top) & (rows < top + 7))[:, :, None]
    row, column = rng.integers(8, 56, (2, count, 1))
    near = [(rows >= place) & (rows < place + 2) for place in (row, column)]
    frames |= near[0][:, :, None] & near[1][:, None]
    return np.packbits(frames.reshape(count, -1), axis=1)


def plays(episodes: int, seed: int = 0) -> Frames:
    """Made-up plays: `episodes` of LENGTH frames, of which the last is for validation."""
    count = episodes * LENGTH
    rng = np.random.default_rng(seed)
    split = np.zeros(episodes, np.uint8)
    split[-1] = 1
    some = rectangles(min(count, SOME), seed)  # all at once would take eight times their memory
    return Frames(
        frames=np.resize(some, (count, FRAME_BYTES)),
        actions=rng.integers(6, size=count).astype(np.uint8),
        episode_offsets=np.arange(episodes + 1) * LENGTH,
        split=split,
        pixel_map=np.arange(SIDE * SIDE, dtype=np.uint16),
        inverted=np.zeros(FRAME_BYTES, np.uint8),
        attributes={
            "world": "original",
            "action_names": json.dumps([*"012345"]),
            "objects": json.dumps(OBJECTS),
        },
    )
