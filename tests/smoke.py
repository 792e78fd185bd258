"""Run the whole pipeline at its smallest, twice from nothing: same bytes, then nothing to do."""

import hashlib
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from workspace import Workspace

from mwm import MwmError
from mwm.runtime import commands, kernels

app = commands.application(__doc__)


TARGETS = ("report", "transfer-home", "transfer@mirror")  # one away from home is like the others


def twins(folder: Path) -> tuple[Workspace, Workspace]:
    """Two copies of the project under `folder`, each run from nothing, one beside the other."""
    started = time.monotonic()

    def made(name: str) -> Workspace:
        def hear(line: str) -> None:
            if line.startswith("Running stage"):
                print(f"{time.monotonic() - started:5.0f} s  {name}: {line}", flush=True)

        workspace = Workspace(folder / name)
        workspace.repro(*TARGETS, hear=hear)
        workspace.commit()
        return workspace

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(made, ("first", "second"))
    return first, second


def compared(folder: Path, keep: Path | None = None) -> Workspace:
    """A copy of the project under `folder` that ran as another did, and then had nothing to do.

    Args:
        folder: of the copies.
        keep: gets the report.

    Raises:
        MwmError: bytes differ, or a second run ran something.
    """
    started = time.monotonic()
    first, second = twins(folder)
    made, again = first.outputs(), second.outputs()
    if differing := sorted(name for name in made | again if made.get(name) != again.get(name)):
        raise MwmError(f"two runs differ in {', '.join(differing)}")
    repeated = time.monotonic()
    if ran := first.repro(*TARGETS):
        raise MwmError(f"a second `dvc repro` was to do nothing, it ran {', '.join(ran)}")
    finished = time.monotonic()
    if keep is not None:
        shutil.copytree(first.folder / "report", keep, dirs_exist_ok=True)
        shutil.copy2(first.folder / "metrics.json", keep)
    print(
        f"smoke: {len(made)} files, the same bytes in both copies ({finished - started:.0f} s in "
        f"all); a second `dvc repro` did nothing ({finished - repeated:.1f} s)"
    )
    weights = _weights(first.folder / "runs")
    print(f"smoke: weights {weights} on {kernels.processor()} (docs/reproducibility.md)")
    return first


@commands.command(app)
def smoke(
    keep: Annotated[Path | None, typer.Option(help="folder that gets the report")] = None,
) -> None:
    """Run all stages in two temporary copies; compare their outputs; repeat one, a no-op."""
    with tempfile.TemporaryDirectory(prefix="mwm smoke ") as folder:
        compared(Path(folder), keep)


def _weights(runs: Path) -> str:
    """A short hash of all weights: the same on every processor to which kernels are pinned."""
    digest = hashlib.sha256()
    for path in sorted(runs.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    app()
