"""What pinned kernels cost, and what is gained by keeping freed memory and by flushing denormals.

    python -m bench.kernels

Run it after `make repro`: it goes on from the models of the default run. It prints iterations a
second, and their ratios to those of none of the three. Each setting is a process of its own, since
libraries read it when they are imported; settings take turns, so that a machine that gets busier
slows all of them.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands

SETTINGS = {
    "none": "",
    "pinned": "fixed",
    "memory kept": "keep",
    "flushed": "flush",
    "all": "fixed keep flush",
}
ROUNDS = 2
app = commands.application(__doc__)
ITERATIONS = {"see": 30, "anchor": 8, "recruit": 8}  # `see` has no denormals at first


def measure(act: str, setting: str) -> float:
    """Iterations a second of an act under a setting, in another process."""
    words = [sys.executable, "-m", "bench.kernels", act, setting]
    environment = os.environ | {"MWM_KERNELS": "fixed" if "fixed" in setting else "native"}
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(done.returncode)  # it has told why
    return float(done.stdout)


def train(act: str, setting: str) -> float:
    """Train for a moment in this process; iterations a second."""
    from mwm.runtime import kernels

    kernels.pin()
    if "keep" in setting:
        kernels.keep_memory()
    if "flush" in setting:
        kernels.flush_denormals()
    from mwm.io.frames import read_frames
    from mwm.models.model import load
    from mwm.settings import params
    from mwm.training import acts
    from mwm.training.device import prepare_device

    p = params.load().train
    run = p.run.model_copy(update={"device": "cpu"})  # whose kernels these are
    setup = acts.Setup(run, p.model, p.batch, prepare_device(run))
    worlds = {w: read_frames(Path(f"data/worlds/{w}.h5"), "world") for w in ("original", "mirror")}
    count = ITERATIONS[act]
    record = p.record.model_copy(update={"every": 10 * count})
    short = {"iterations": count}
    if act == "see":
        started = time.monotonic()
        acts.see(setup, "original", worlds["original"], p.see.model_copy(update=short))
    elif act == "anchor":
        seen, settings = load(Path("runs/see/original")), p.anchor.model_copy(update=short)
        started = time.monotonic()
        acts.anchor(setup, seen, worlds["original"], settings, record)
    else:
        models = [load(Path("runs/anchor")), load(Path("runs/see/mirror"))]
        constrained = p.recruit.model_copy(update=short)
        started = time.monotonic()
        acts.recruit(setup, "mirror", models, worlds, constrained, record)
    return count / (time.monotonic() - started)


@commands.command(app)
def main(
    act: Annotated[str, typer.Argument(hidden=True)] = "",
    setting: Annotated[str, typer.Argument(hidden=True)] = "",
) -> None:
    """Print each setting's best rate, and its ratio to that of none."""
    if act:  # in a process of its own
        print(train(act, setting))
        return
    for trained in ITERATIONS:
        rates = dict.fromkeys(SETTINGS, 0.0)
        for _ in range(ROUNDS):
            for name, libraries in SETTINGS.items():
                rates[name] = max(rates[name], measure(trained, libraries))
        for name, rate in rates.items():
            print(f"{trained:8} {name:12} {rate:.2f} iterations/s, {rate / rates['none']:.2f}")


if __name__ == "__main__":
    app()
