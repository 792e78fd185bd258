"""`dvc repro` that says, before every stage, how long all that may follow takes."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from mwm import cli

app = cli.application(__doc__)

TIMES = Path(".mwm/times.json")  # seconds that each stage took here when it last ran
USUAL = {  # seconds on two cores at the default settings
    "collect": 15,
    "preprocess": 4,
    "variants": 2,
    "see": 50,
    "anchor": 300,
    "recruit": 170,
    "join": 560,
    "evaluate": 40,
    "report": 15,
}
VISITED = re.compile(r"(Running stage|Stage) '([^']+)'")
SETTLED = 60  # seconds after which the pace of this run counts


class Outlook:
    """Which stages are still to be visited, and how long they took before."""

    def __init__(self, stages: Sequence[str], times: Mapping[str, float]) -> None:
        self.left = set(stages)
        self.total = len(self.left)
        self.times = dict(times)
        self._expected = self._took = 0.0

    def usual(self, stage: str) -> float:
        """Seconds that a stage took when it last ran here, or takes elsewhere."""
        return self.times.get(stage, USUAL.get(stage.rpartition(":")[2].split("@")[0], 1))

    def finish(self, stage: str, seconds: float) -> None:
        """Learn from a stage that ran how fast this machine is today."""
        self._expected += self.usual(stage)
        self._took += seconds
        self.times[stage] = round(seconds, 1)

    def visit(self, stages: Iterable[str]) -> None:
        """These had their turn; the last of them is about to run."""
        *before, _ = stages
        self.left.difference_update(before)

    def seconds(self) -> float:
        """What all stages in `left` take at today's pace, if every one has to run."""
        pace = self._took / self._expected if self._expected > SETTLED else 1.0
        return pace * sum(map(self.usual, self.left))


@cli.command(app)
def repro(
    targets: Annotated[
        list[str] | None, typer.Argument(help="stages, or files of stages [default: dvc.yaml]")
    ] = None,
) -> None:
    """Run `dvc repro TARGETS`, and tell before each stage that runs how long is left at most.

    At most: a stage that need not run is found out when its turn comes, and counts until then.
    """
    began = since = time.monotonic()
    mend()
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", *(targets or [])], stdout=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    outlook: Outlook | None = None
    visited: list[str] = []
    running = ""
    assert process.stdout is not None
    for line in _patient(process.stdout):
        if found := VISITED.match(line):
            if outlook and running:
                _learn(outlook, running, time.monotonic() - since)
            visited.append(found[2])
            running = found[2] if found[1] == "Running stage" else ""
            if running:
                outlook = outlook or Outlook(_stages(targets or ["dvc.yaml"]), _times())
                outlook.visit(visited)
                since = time.monotonic()
                print(_told(running, outlook), flush=True)
        print(line, end="", flush=True)
    code = process.wait()
    if outlook and not code:
        if running:
            _learn(outlook, running, time.monotonic() - since)
        minutes, seconds = divmod(round(time.monotonic() - began), 60)
        print(f"repro: done in {minutes}:{seconds:02d}")
    sys.exit(code)


def mend(folder: Path = Path()) -> None:
    """Remove DVC's list of who reads and writes what if a killed DVC left it half-written.

    DVC would refuse to run ever after. It rewrites the list in place, in no time: one that is no
    JSON for a second is nobody's.
    """
    path = folder / ".dvc" / "tmp" / "rwlock"
    for pause in (1, 0):
        try:
            json.loads(path.read_text(encoding="utf-8"))
            return
        except FileNotFoundError:
            return
        except ValueError:
            time.sleep(pause)
    path.unlink(missing_ok=True)
    print(f"repro: {path} was left half-written by a killed DVC; removed", flush=True)


def _learn(outlook: Outlook, stage: str, seconds: float) -> None:
    """A stage has ended: the next run knows how long it took."""
    from mwm import store

    outlook.finish(stage, seconds)
    store.write_json(TIMES, outlook.times)


def _patient(lines: Iterable[str]) -> Iterable[str]:
    """The lines, also while an interrupt, which DVC hears as well, is on its way."""
    lines = iter(lines)
    while True:
        try:
            yield next(lines)
        except KeyboardInterrupt:
            continue
        except StopIteration:
            return


def _told(stage: str, outlook: Outlook) -> str:
    number = outlook.total - len(outlook.left) + 1
    minutes = outlook.seconds() / 60
    left = f"{minutes:.0f} min" if minutes >= 1.5 else f"{60 * minutes:.0f} s"
    return f"repro: {stage} is {number} of {outlook.total}; at most about {left} left"


def _stages(targets: Sequence[str]) -> list[str]:
    """The targets' stages, and all that they come from."""
    drawn = ""
    for target in targets:
        graph = [sys.executable, "-m", "dvc", "dag", "--dot", target]
        drawn += subprocess.run(graph, capture_output=True, text=True, check=False).stdout
    return re.findall(r'^"([^"]+)";$', drawn, re.M)


def _times() -> dict[str, float]:
    """The times of earlier runs; none if there were none, or the file is damaged."""
    try:
        times = json.loads(TIMES.read_text(encoding="utf-8"))
        return {str(stage): float(seconds) for stage, seconds in times.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


if __name__ == "__main__":
    app()
