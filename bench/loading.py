"""Drawing a batch against filling a buffer, against h5py, and beside a training step."""

import tempfile
from pathlib import Path

import h5py
import numpy as np
import torch

from bench.table import LIMIT, OURS, Row, measured, seconds
from bench.training import model_of, plays, step_of
from mwm.io.frames import FRAME_BYTES
from mwm.settings import params
from mwm.training.batches import Sampler

EPISODES, TIMES, ROUNDS = 100, 50, 5


def rows() -> list[Row]:
    p = params.load().train
    torch.set_num_threads(p.run.threads)
    batch, worlds = p.batch, ("original", "mirror")
    contents = {world: plays(EPISODES, seed) for seed, world in enumerate(worlds)}
    rng = np.random.default_rng(0)
    sampler = Sampler(contents, batch, "independent", rng, torch.device("cpu"))
    buffer = np.zeros((batch.frames, FRAME_BYTES), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.h5"
        with h5py.File(path, "w") as file:
            frames = contents["original"].frames
            file.create_dataset("frames", data=frames, chunks=(64, FRAME_BYTES), compression=1)
        with h5py.File(path) as file:

            def naive() -> None:
                for _ in worlds:
                    wanted = np.unique(rng.integers(len(frames), size=batch.frames))
                    file["frames"][wanted]

            def fill() -> None:
                for content in contents.values():
                    wanted = rng.integers(len(frames), size=batch.frames)
                    # By mode "raise", the default, NumPy fills a buffer of its own and copies that.
                    np.take(content.frames, wanted, axis=0, out=buffer, mode="clip")

            contenders = {
                OURS: seconds(sampler.images, TIMES, 1e3),
                LIMIT: seconds(fill, TIMES, 1e3),
                "h5py": seconds(naive, 1, 1e3),
            }
            alone = measured(contenders, ROUNDS)
    step = step_of(model_of(p, p.model.vision), p.batch.frames)
    beside = measured({OURS: contenders[OURS], LIMIT: seconds(step, 10, 1e3)}, ROUNDS)
    name = f"a batch of 2 x {batch.frames} frames"
    return [
        Row(name, "ms", alone, "filling a buffer"),
        Row("loading beside a training step", "ms", beside, "the step", aim=0.05),
    ]
