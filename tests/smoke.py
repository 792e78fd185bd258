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


def run(folder: Path) -> Workspace:
    """A copy of the project in `folder`, run from nothing; tells each stage that begins."""
    started = time.monotonic()

    def hear(line: str) -> None:
        if line.startswith("Running stage"):
            print(f"{time.monotonic() - started:5.0f} s  {folder.name}: {line}", flush=True)

    workspace = Workspace(folder)
    workspace.repro(*TARGETS, hear=hear)
    workspace.commit()
    return workspace


def twins(folder: Path) -> tuple[Workspace, Workspace]:
    """Two copies of the project under `folder`, each run from nothing, one beside the other."""
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(run, (folder / "first", folder / "second"))
    return first, second


def check_done(copy: Workspace, *targets: str) -> None:
    """Refuse a copy in which the targets have anything left to do.

    Raises:
        MwmError: a second run ran something.
    """
    started = time.monotonic()
    if ran := copy.repro(*targets):
        raise MwmError(
            f"{copy.folder.name}: a second `dvc repro` was to do nothing, it ran {', '.join(ran)}"
        )
    seconds = time.monotonic() - started
    print(f"{copy.folder.name}: a second `dvc repro` did nothing ({seconds:.1f} s)")


def tell(copy: Workspace, keep: Path | None = None) -> None:
    """Tell the hash of a copy's weights; `keep` gets its report."""
    if keep is not None:
        shutil.copytree(copy.folder / "report", keep, dirs_exist_ok=True)
        shutil.copy2(copy.folder / "metrics.json", keep)
    weights = _weights(copy.folder / "runs")
    print(f"smoke: weights {weights} on {kernels.processor()} (docs/reproducibility.md)")


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
        seconds = time.monotonic() - started
        print(f"smoke: {len(made)} files, the same bytes in both copies ({seconds:.0f} s)")
        check_done(first, *TARGETS)
        tell(first, keep)


def _weights(runs: Path) -> str:
    """A short hash of all weights: the same on every processor to which kernels are pinned."""
    digest = hashlib.sha256()
    for path in sorted(runs.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    app()
