"""Run the whole pipeline at its smallest on clusters of this machine: the bytes of `dvc repro`."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clusters import ray_cluster, slurm_cluster, slurm_is_here
from workspace import Workspace

from mwm import MwmError
from mwm.runtime import commands

app = commands.application(__doc__)
ENGINES = ("ray", "slurm")
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
def elsewhere() -> None:
    """Run all stages here, then by every engine that is installed; compare dvc.lock."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mwm elsewhere ") as folder:
        here = Workspace(Path(folder, "here"))
        here.run("-m", "mwm", "repro")
        told = [f"here in {time.monotonic() - began:.0f} s"]
        for engine in ENGINES:
            if engine == "slurm" and not slurm_is_here():
                told.append("Slurm is not installed: not tried")
                continue
            with started(engine):
                began = time.monotonic()
                copy = Workspace(Path(folder, engine))
                (copy.folder / "cluster.yaml").write_text(SMALL)
                copy.run("-m", "mwm", "repro", "--on", engine)
            if copy.outputs() != here.outputs():
                raise MwmError(f"{engine}: expected the outputs of a run here, found others")
            copy.run("-m", "dvc", "checkout", "--quiet")
            if ran := copy.repro():
                raise MwmError(f"{engine}: `dvc repro` was to do nothing, it ran {', '.join(ran)}")
            told.append(f"{engine} in {time.monotonic() - began:.0f} s")
    print(f"clusters: the same outputs {', '.join(told)}")


if __name__ == "__main__":
    app()
