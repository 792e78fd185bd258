"""Run the whole pipeline at its smallest on clusters of this machine: the bytes of `dvc repro`."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from clusters import ray_cluster, slurm_cluster, slurm_is_here
from smoke import compared
from workspace import Workspace

from mwm import MwmError
from mwm.runtime import commands

app = commands.application(__doc__)
ENGINES = ("ray", "slurm")
TARGET = "report"
SMALL = "harness: [mwm, stages, plays]\nparts: 2\nslurm: {memory: 1500M}\nray: {memory: 1.0}\n"


@contextmanager
def started(engine: str) -> Iterator[None]:
    """A cluster of two nodes, which this process's environment names."""
    with tempfile.TemporaryDirectory(
        prefix="c", dir="/tmp", ignore_cleanup_errors=True
    ) as name:  # a short path
        start = ray_cluster if engine == "ray" else slurm_cluster
        with start(Path(name)) as variables:
            os.environ.update(variables)
            yield
            for variable in variables:
                del os.environ[variable]


@commands.command(app)
def elsewhere(
    keep: Annotated[Path | None, typer.Option(help="folder that gets the report")] = None,
) -> None:
    """Run all stages here, as `smoke` does, then by every engine that is installed; compare."""
    told = []
    with tempfile.TemporaryDirectory(prefix="mwm elsewhere ") as folder:
        here = compared(Path(folder), keep).outputs()
        for engine in ENGINES:
            if engine == "slurm" and not slurm_is_here():
                told.append("Slurm is not installed: not tried")
                continue
            with started(engine):
                began = time.monotonic()
                copy = Workspace(Path(folder, engine))
                (copy.folder / "cluster.yaml").write_text(SMALL)
                copy.run("-m", "mwm", "repro", "--on", engine, TARGET)
            there = copy.outputs()
            if "eval" not in there or any(here[name] != there[name] for name in there):
                raise MwmError(f"{engine}: expected the outputs of a run here, found others")
            copy.run("-m", "dvc", "checkout", "--quiet", "--allow-missing")
            if ran := copy.repro(TARGET):
                raise MwmError(f"{engine}: `dvc repro` was to do nothing, it ran {', '.join(ran)}")
            told.append(f"{engine} in {time.monotonic() - began:.0f} s")
    print(f"clusters: the same outputs by {', '.join(told)}")


if __name__ == "__main__":
    app()
