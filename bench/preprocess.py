"""Preprocessing against reading its input, against other libraries, and against collecting."""

import json
import tempfile
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bench.table import LIMIT, OURS, Row, measured, seconds
from mwm.frames.preprocessing import binary_frames
from mwm.io.rollouts import Rollouts, opening
from mwm.io.spawn import usable_cores
from mwm.rollouts.recording import collect
from mwm.settings import params

EPISODES, ROUNDS = 16, 5


def rows() -> list[Row]:
    settings = params.load().collect.model_copy(update={"episodes": EPISODES})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rollouts.h5"
        collect(settings, path, usable_cores())
        with opening(path) as rollouts:
            background = np.asarray(json.loads(rollouts.attributes["background"]), np.uint8)
            scale = 1e6 / len(rollouts.actions)
            processor = partial(seconds, scale=scale, clock=time.process_time)
            cv2 = processor(lambda: by_cv2(rollouts, background)) if find_spec("cv2") else None
            contenders = {
                OURS: processor(lambda: binary_frames(rollouts, background)),
                LIMIT: processor(lambda: read(rollouts)),
                "cv2": cv2,
                "torch": processor(lambda: by_torch(rollouts, background)),
            }
            alone = measured(contenders, ROUNDS)
            shared = {
                OURS: contenders[OURS],
                LIMIT: processor(lambda: collect(settings, path.with_name("again"), 1)),
            }
            of_collect = measured(shared, 2)
    return [
        Row("preprocess", "us/frame", alone, "reading"),
        Row("preprocess beside collect", "us/frame", of_collect, "collecting", aim=0.05),
    ]


def read(rollouts: Rollouts) -> None:
    for episode in range(len(rollouts.steps)):
        for screens in rollouts.chunks(episode):
            screens.any()  # touches every byte


def by_cv2(rollouts: Rollouts, background: NDArray[np.uint8]) -> None:
    """Area interpolation: a pixel is on where any of its window is."""
    import cv2

    for episode in range(len(rollouts.steps)):
        for screens in rollouts.chunks(episode):
            for mask in (screens != background).view(np.uint8) * 255:
                np.packbits(cv2.resize(mask, (64, 64), interpolation=cv2.INTER_AREA) > 0)


def by_torch(rollouts: Rollouts, background: NDArray[np.uint8]) -> None:
    """Adaptive max pooling, which gives the same frames as ours."""
    torch.set_num_threads(1)
    for episode in range(len(rollouts.steps)):
        for screens in rollouts.chunks(episode):
            masks = torch.from_numpy(screens != background).float()
            pooled = torch.nn.functional.adaptive_max_pool2d(masks[:, None], 64)
            np.packbits(pooled.numpy().reshape(-1, 4096) > 0, axis=1)
