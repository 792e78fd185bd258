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


def twins(folder: Path) -> tuple[Workspace, Workspace]:
    """Two copies of the project under `folder`, each run from nothing, one beside the other."""
    started = time.monotonic()

    def made(name: str) -> Workspace:
        def hear(line: str) -> None:
            if line.startswith("Running stage"):
                print(f"{time.monotonic() - started:5.0f} s  {name}: {line}", flush=True)

        workspace = Workspace(folder / name)
        workspace.repro(hear=hear)
        workspace.commit()
        return workspace

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(made, ("first", "second"))
    return first, second


@commands.command(app)
def smoke(
    keep: Annotated[Path | None, typer.Option(help="folder that gets the report")] = None,
) -> None:
    """Run all stages in two temporary copies; compare their outputs; repeat one, a no-op."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mwm smoke ") as folder:
        first, second = twins(Path(folder))
        made, again = first.outputs(), second.outputs()
        if differing := sorted(name for name in made | again if made.get(name) != again.get(name)):
            raise MwmError(f"two runs differ in {', '.join(differing)}")
        repeated = time.monotonic()
        if ran := first.repro():
            raise MwmError(f"a second `dvc repro` was to do nothing, it ran {', '.join(ran)}")
        finished = time.monotonic()
        weights = _weights(first.folder / "runs")
        if keep is not None:
            shutil.copytree(first.folder / "report", keep, dirs_exist_ok=True)
            shutil.copy2(first.folder / "metrics.json", keep)
    print(
        f"smoke: {len(made)} files, the same bytes in both copies ({finished - started:.0f} s in "
        f"all); a second `dvc repro` did nothing ({finished - repeated:.1f} s)"
    )
    print(f"smoke: weights {weights} on {kernels.processor()} (docs/reproducibility.md)")


def _weights(runs: Path) -> str:
    """A short hash of all weights: the same on every processor to which kernels are pinned."""
    digest = hashlib.sha256()
    for path in sorted(runs.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    app()
