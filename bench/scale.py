"""Training on as many frames as the paper has: what an iteration takes, and whole acts by that.

    python -m bench.scale [--episodes 10000] [--iterations 4]

The acts are those of params.yaml with corresponding inputs, and the paper's own, which trains two
convolutional Vs and M at once (profiles/paper.yaml). Each trains for a few iterations on made-up
plays, since no time depends on what frames show. With 10,000 episodes this takes a quarter of an
hour of an idle core, and 22 GiB of memory.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, TypeVar

import typer

from bench.growth import peak_memory
from bench.training import LENGTH, plays
from mwm.io.frames import Frames
from mwm.io.progress import Progress
from mwm.models.model import MetaWorldModel
from mwm.runtime import commands, kernels
from mwm.settings import params
from mwm.settings.base import ORIGINAL
from mwm.settings.overlay import lay_over
from mwm.settings.train import Act as Settings
from mwm.settings.train import Record, Train
from mwm.training import acts
from mwm.training.device import prepare_device

VARIANT = "mirror"
RECORD = Record(every=10**9, sequences=2)  # validates after the first iteration and the last alone
HEAD = ("act", "starts in, s", "an iteration, s", "iterations", "in all, minutes")
app = commands.application(__doc__)

Act = Callable[[acts.Setup, int], object]  # trains for so many iterations
T = TypeVar("T", bound=Settings)


@commands.command(app)
def scale(
    episodes: Annotated[int, typer.Option(min=2, help=f"how many, of {LENGTH} frames")] = 10_000,
    iterations: Annotated[int, typer.Option(min=4, help="how many of each act to time")] = 4,
) -> None:
    """Print a row per act, and the peak of memory."""
    kernels.prepare()
    worlds = {world: plays(episodes, seed) for seed, world in enumerate((ORIGINAL, VARIANT))}
    print(f"{episodes * LENGTH:,} frames of each world")
    print(f"| {' | '.join(HEAD)} |")
    print("|---" * len(HEAD) + "|")
    for name, train, whole, act in [*ours(worlds), paper(worlds)]:
        start, each = timed(train, act, iterations)
        minutes = (start + each * whole) / 60
        print(f"| {name} | {start:.0f} | {each:.2f} | {whole} | {minutes:.0f} |", flush=True)
    print(f"peak memory: {peak_memory() / 1024:.1f} GiB")


def on_cpu(p: Train) -> Train:
    """The same on a CPU, which is what is timed here."""
    return p.model_copy(update={"run": p.run.model_copy(update={"device": "cpu"})})


def ours(worlds: Mapping[str, Frames]) -> list[tuple[str, Train, int, Act]]:
    """`see` and `recruit` of one world, and `anchor`."""
    p = on_cpu(params.load().train)
    original = worlds[ORIGINAL]
    seen = [untrained(p, world, frames) for world, frames in worlds.items()]

    def see(setup: acts.Setup, count: int) -> object:
        return acts.see(setup, ORIGINAL, original, shortened(p.see, count))

    def anchor(setup: acts.Setup, count: int) -> object:
        return acts.anchor(setup, seen[0], original, shortened(p.anchor, count), RECORD)

    def recruit(setup: acts.Setup, count: int) -> object:
        return acts.recruit(setup, VARIANT, seen, worlds, shortened(p.recruit, count), RECORD)

    return [
        ("see", p, p.see.iterations, see),
        ("anchor", p, p.anchor.iterations, anchor),
        ("recruit", p, p.recruit.iterations, recruit),
    ]


def paper(worlds: Mapping[str, Frames]) -> tuple[str, Train, int, Act]:
    """The paper's method: two Vs and M at once."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "params.yaml"
        path.write_text(lay_over("params.yaml", ["profiles/paper.yaml"]), encoding="utf-8")
        p = on_cpu(params.load(path).train)
    seen = [untrained(p, world, frames) for world, frames in worlds.items()]

    def join(setup: acts.Setup, count: int) -> object:
        return acts.recruit(setup, VARIANT, seen, worlds, shortened(p.joint, count), RECORD)

    return "the paper's", p, p.joint.iterations, join


def untrained(p: Train, world: str, frames: Frames) -> MetaWorldModel:
    """A V as `see` begins with it."""
    setup = acts.Setup(p.run, p.model, p.batch, prepare_device(p.run))
    return acts.see(setup, world, frames, shortened(p.see, 0))[0]


def shortened(act: T, iterations: int) -> T:
    return act.model_copy(update={"iterations": iterations})


def timed(train: Train, act: Act, iterations: int) -> tuple[float, float]:
    """Seconds until the first iteration, and the mean of those between the first and the last.

    After these two an act validates.
    """
    times = [time.perf_counter()]

    class Watch:
        def __init__(self, total: int, done: int) -> None:
            self.total, self.done = total, done
            times.append(time.perf_counter())

        def advance(self, amount: int = 1, note: str = "") -> None:
            self.done += amount
            times.append(time.perf_counter())

    @contextmanager
    def monitor(label: str, total: int, unit: str, *, done: int = 0) -> Iterator[Progress]:
        yield Watch(total, done)

    device = prepare_device(train.run)
    act(acts.Setup(train.run, train.model, train.batch, device, monitor=monitor), iterations)
    return times[1] - times[0], (times[-2] - times[2]) / (iterations - 2)


if __name__ == "__main__":
    app()
