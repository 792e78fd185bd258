"""Run the whole pipeline at its smallest on clusters of this machine: the bytes of `dvc repro`."""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from clusters import ray_cluster, slurm_cluster, slurm_is_here
from smoke import TARGETS, check_done, run, tell
from workspace import Workspace

from mwm import MwmError
from mwm.runtime import commands

app = commands.application(__doc__)
CLUSTERS = {"ray": ray_cluster, "slurm": slurm_cluster}
WANTED = {"ray": ("report",), "slurm": TARGETS}  # Ray takes longer to start a stage
SMALL = "harness: [mwm, stages, plays]\nparts: 2\nslurm: {memory: 1500M}\nray: {memory: 1.0}\n"


def run_by(engine: str, folder: Path) -> Workspace:
    """A copy of the project in `folder`, run from nothing by an engine, on two nodes here."""
    started = time.monotonic()
    short = tempfile.TemporaryDirectory(prefix="c", dir="/tmp", ignore_cleanup_errors=True)
    with short as name, CLUSTERS[engine](Path(name)) as variables:
        copy = Workspace(folder)
        (copy.folder / "cluster.yaml").write_text(SMALL)
        copy.variables = variables
        copy.run("-m", "mwm", "repro", "--on", engine, *WANTED[engine])
    print(f"{time.monotonic() - started:5.0f} s  {engine}: all stages ran", flush=True)
    return copy


@commands.command(app)
def elsewhere(
    keep: Annotated[Path | None, typer.Option(help="folder that gets the report")] = None,
) -> None:
    """Run all stages here and, meanwhile, by every engine that is installed; compare the bytes."""
    started = time.monotonic()
    engines = [engine for engine in CLUSTERS if engine != "slurm" or slurm_is_here()]
    with (
        tempfile.TemporaryDirectory(prefix="mwm elsewhere ") as folder,
        ThreadPoolExecutor() as pool,
    ):
        copies = pool.map(run_by, engines, [Path(folder, engine) for engine in engines])
        here = run(Path(folder, "here"))
        check_done(here, *TARGETS)
        tell(here, keep)
        expected = here.outputs()
        for engine, copy in zip(engines, copies, strict=True):
            there = copy.outputs()
            if "eval" not in there or any(expected[name] != there[name] for name in there):
                raise MwmError(f"{engine}: expected the outputs of a run here, found others")
            copy.run("-m", "dvc", "checkout", "--quiet", "--allow-missing")
            check_done(copy, *WANTED[engine])
    missing = "" if "slurm" in engines else "; Slurm is not installed: not tried"
    print(
        f"clusters: the same outputs here and by {' and '.join(engines)} "
        f"({time.monotonic() - started:.0f} s){missing}"
    )


if __name__ == "__main__":
    app()
