"""`dvc repro` with several stages at once, and the dvc.lock that it makes one after the other."""

import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mwm import MwmError
from mwm.pipeline import claim, project, vouched
from mwm.pipeline.crew import Crew
from mwm.pipeline.mend import mend
from mwm.pipeline.plan import steps
from mwm.pipeline.telling import AsJson, Targets, duration, print_json

Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="stages at once", metavar="N")]


def run(targets: Targets = None, jobs: Jobs = 1, as_json: AsJson = False) -> None:
    """Run the stages that `dvc repro TARGETS` would, up to N at once, as soon as they can.

    After a failure no stage is started any more, and those at work finish. An interrupt ends all.
    JSON, after the last: {"ran", "restored", "failed": [stages], "seconds"}.
    """
    for sent in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sent) is not signal.SIG_IGN:
            signal.signal(sent, signal.default_int_handler)
    say = partial(print, file=sys.stderr if as_json else sys.stdout, flush=True)
    began = time.monotonic()
    with claim.claimed():
        mend()
        wanted = targets or ["dvc.yaml"]
        upstream = {step.stage: step.upstream for step in steps(wanted)}
        before = _entries(wanted)
        crew = Crew(upstream, jobs, say)
        try:
            crew.work()
        except KeyboardInterrupt:
            said = "stages that had ended are kept; `mwm run` goes on from there"
            raise KeyboardInterrupt(said) from None
        finally:
            vouched.forget(project.root(), set(map(project.rooted, crew.ran)))
            _put_in_order(wanted, before)
    seconds = time.monotonic() - began
    kept = f", {len(crew.restored)} restored or unchanged" if crew.restored else ""
    say(f"run: {len(crew.ran)} stages ran{kept}, in {duration(seconds)}")
    if as_json:
        ended = {"ran": crew.ran, "restored": crew.restored, "failed": crew.failed}
        print_json(ended | {"seconds": round(seconds, 1)})
    if crew.failed:
        raise MwmError(
            f"{', '.join(crew.failed)} failed, as told above; {len(crew.ran)} other stages ran and "
            "are kept, `mwm run` goes on from there"
        )


def _entries(targets: Sequence[str]) -> dict[Path, list[str]]:
    """The order of every dvc.lock."""
    with project.opened() as repo:
        files = project.lock_files(project.ordered(repo, targets))
        return {path: project.entries(file) for path, file in files.items()}


def _put_in_order(targets: Sequence[str], before: dict[Path, list[str]]) -> None:
    """Move entries that are new in a dvc.lock to where a serial run would have put them."""
    with project.opened() as repo:
        stages = project.ordered(repo, targets)
        for path, file in project.lock_files(stages).items():
            found = project.entries(file)
            serial = [*before.get(path, []), *(getattr(stage, "name", None) for stage in stages)]
            order = [name for name in dict.fromkeys([*serial, *found]) if name in found]
            if order != found:
                with project.editing(repo, path) as entries:
                    for name in order:
                        entries[name] = entries.pop(name)
