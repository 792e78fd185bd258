"""`dvc repro` that says, before every stage, how long all that may follow takes."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from mwm.pipeline import times, vouched
from mwm.pipeline.foreign import unbind
from mwm.pipeline.mend import mend
from mwm.pipeline.project import root, rooted

VISITED = re.compile(r"(Running stage|Stage) '([^']+)'")


def repro(
    targets: Annotated[
        list[str] | None, typer.Argument(help="stages, or files of stages [default: dvc.yaml]")
    ] = None,
) -> None:
    """Run `dvc repro TARGETS`, and tell before each stage that runs how long is left at most.

    At most: a stage that need not run is found out when its turn comes, and counts until then.
    """
    began = since = time.monotonic()
    unbind()
    mend()
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", *(targets or [])], stdout=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    outlook: times.Outlook | None = None
    visited: list[str] = []
    running = ""
    assert process.stdout is not None
    for line in _patient(process.stdout):
        if found := VISITED.match(line):
            if outlook and running:
                _ended(outlook, running, time.monotonic() - since)
            visited.append(found[2])
            running = found[2] if found[1] == "Running stage" else ""
            if running:
                outlook = outlook or times.Outlook(_stages(targets or ["dvc.yaml"]), times.last())
                outlook.visit(visited)
                since = time.monotonic()
                if outlook.total:
                    print(_told(running, outlook), flush=True)
        print(line, end="", flush=True)
    code = process.wait()
    if outlook and not code:
        if running:
            _ended(outlook, running, time.monotonic() - since)
        minutes, seconds = divmod(round(time.monotonic() - began), 60)
        print(f"repro: done in {minutes}:{seconds:02d}")
    sys.exit(code)


def _ended(outlook: times.Outlook, stage: str, seconds: float) -> None:
    """A stage ran: the next run knows how long it took, and nobody needs to vouch for it."""
    times.learn(outlook, stage, seconds)
    vouched.forget(root(), {rooted(stage)})


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


def _told(stage: str, outlook: times.Outlook) -> str:
    number = outlook.total - len(outlook.left) + 1
    minutes = outlook.seconds() / 60
    left = f"{minutes:.0f} min" if minutes >= 1.5 else f"{60 * minutes:.0f} s"
    return f"repro: {stage} is {number} of {outlook.total}; at most about {left} left"


def _stages(targets: Sequence[str]) -> list[str]:
    """The targets' stages, and all that they come from; none, with a note, if DVC does not tell."""
    drawn = ""
    for target in targets:
        graph = [sys.executable, "-m", "dvc", "dag", "--dot", target]
        answer = subprocess.run(graph, capture_output=True, text=True, check=False)
        if answer.returncode:
            found = " ".join(answer.stderr.split()) or f"exit code {answer.returncode}"
            print(f"repro: cannot tell how long is left: `dvc dag {target}` failed: {found}")
            return []
        drawn += answer.stdout
    return re.findall(r'^"([^"]+)";$', drawn, re.M)
