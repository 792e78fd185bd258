"""Time and peak memory of the data steps and of training, with ten times and more of frames."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py

from bench.table import LIMIT, OURS, Row
from mwm.runtime import kernels

SIZES = (10_000, 100_000, 1_000_000)
# A million frames take minutes to collect; of ten thousand, `variants` would mostly time its start.
SPANS = {
    "collect": SIZES[:2],
    "preprocess": SIZES[:2],
    "variants": SIZES[1:],
    "training step": SIZES,
}
TIMES = 5  # training steps


def rows() -> list[Row]:
    """Of each step and size two rows: time, and peak memory."""
    found = []
    for step, sizes in SPANS.items():
        told = [apart(step, size) for size in sizes]
        first, _, few = told[0]
        constant = step == "training step"  # whatever the number of frames
        unit, scale = ("ms", 1e3) if constant else ("s", 1.0)
        limit = f"that of {sizes[0]:,} frames{'' if constant else ', in proportion'}"
        for size, (taken, memory, frames) in zip(sizes, told, strict=True):
            name, figures = f"{step}, {size:,} frames", {OURS: [taken * scale]}
            if size > sizes[0]:
                figures[LIMIT] = [first * scale * (1 if constant else frames / few)]
            found.append(Row(name, unit, figures, limit if size > sizes[0] else ""))
            found.append(Row(f"{name}: peak memory", "MB", {OURS: [memory]}))
    return found


def apart(step: str, frames: int) -> tuple[float, float, int]:
    """Seconds and peak memory (MB) of a step, in a process of its own, and the frames it had."""
    words = [sys.executable, "-m", "bench.growth", step, str(frames)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    taken, memory, had = json.loads(done.stdout.strip().split("\n")[-1])
    return taken, memory, had


def prepared(step: str, frames: int, folder: Path) -> Callable[[], object]:
    """The step on so many frames, and nothing besides."""
    from bench.training import LENGTH, model_of, plays, step_of
    from mwm.settings import params
    from mwm.worlds import World

    p = params.load()
    if step == "variants":
        content = plays(frames // LENGTH)
        return lambda: World("mirror", ["mirror"]).make(content)
    if step == "training step":
        import numpy as np
        import torch

        from mwm.training.batches import Sampler

        torch.set_num_threads(p.train.run.threads)
        contents = {"original": plays(frames // LENGTH)}
        cpu, rng = torch.device("cpu"), np.random.default_rng(0)
        sampler = Sampler(contents, p.train.batch, "corresponding", rng, cpu)
        step_once = step_of(model_of(p.train, p.train.model.vision), p.train.batch.frames)
        return lambda: [(sampler.images(), step_once()) for _ in range(TIMES)]
    from mwm.frames.preprocessing import preprocess
    from mwm.io.spawn import usable_cores
    from mwm.rollouts.recording import collect

    settings = p.collect.model_copy(update={"episodes": max(frames // 913, 3)})  # steps of a game
    rollouts = folder / "rollouts.h5"
    if step == "collect":
        return lambda: collect(settings, rollouts, usable_cores())
    collect(settings, rollouts, usable_cores())
    return lambda: preprocess(p.preprocess, rollouts, folder / "frames.h5")


def made(frames: int, rollouts: Path) -> int:
    """The frames that a step had: episodes are of different lengths, so that few are as many."""
    if not rollouts.is_file():
        return frames
    with h5py.File(rollouts) as file:
        return int(file["episode_offsets"][-1])


def peak_memory() -> float:
    """MB that this process had at most; not getrusage's peak, which is inherited from a parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(peak) / 1024


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(
            "bench.growth: expected an act and a size, as `python -m bench growth` passes them"
        )
    kernels.prepare()  # a part of what it sets is of one process alone
    with TemporaryDirectory() as name:
        act = prepared(sys.argv[1], int(sys.argv[2]), Path(name))
        began = time.perf_counter()
        act()
        taken = time.perf_counter() - began
        if sys.argv[1] == "training step":
            taken /= TIMES
        had = made(int(sys.argv[2]), Path(name) / "rollouts.h5")
    print(json.dumps([taken, peak_memory(), had]))
