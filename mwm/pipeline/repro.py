"""`dvc repro` with several stages at once, and the dvc.lock that it makes one after the other."""

import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mwm import MwmError, UsageError
from mwm.pipeline import activity, claim, engines, lock_entries, project
from mwm.pipeline.executor import Executor
from mwm.pipeline.mend import mend
from mwm.pipeline.output import AsJson, Targets, duration, print_json
from mwm.pipeline.plan import steps
from mwm.runtime import vouched

Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        help="stages at once [default: 2 while a core is idle, else 1; on a cluster 100]",
        metavar="N",
        show_default=False,
    ),
]


On = Annotated[
    engines.Name,
    typer.Option(help="where stages run: here, or as jobs of a cluster (docs/clusters.md)"),
]


OfDvc = Annotated[
    bool,
    typer.Option(
        *("--dry", "-n", "--force", "-f", "--single-item", "-s", "--downstream", "--keep-going"),
        *("-k", "--pipeline", "-p", "--all-pipelines", "-P", "--pull", "--interactive", "-i"),
        hidden=True,
    ),
]


def repro(
    targets: Targets = None,
    jobs: Jobs = None,
    on: On = engines.Name.LOCAL,
    as_json: AsJson = False,
    of_dvc: OfDvc = False,
) -> None:
    """Run the pipeline, several stages at once.

    Runs what `dvc repro TARGETS` would, each stage once its inputs exist, and prints the time left.
    Outputs and dvc.lock are those of `dvc repro`. Here a stage with `meta: {cores: all}` in
    dvc.yaml runs alone. If a stage fails, no other starts, and those that run finish. Ctrl-C stops
    all; the same command then goes on. Without TARGETS: the stages of the nearest dvc.yaml, here or
    above. JSON, printed at the end: {"ran", "restored", "failed": [stages], "seconds"}.
    """
    if of_dvc:
        raise UsageError(
            "mwm repro: expected its own options, found one of `dvc repro`; `mwm plan` lists what "
            "would run, `dvc repro -f -s STAGE` runs one stage though nothing changed"
        )
    for sent in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sent) is not signal.SIG_IGN:
            signal.signal(sent, signal.default_int_handler)
    say = partial(print, file=sys.stderr if as_json else sys.stdout, flush=True)
    began = time.monotonic()
    with claim.claimed():
        mend()
        vouched.read(project.root())  # it is changed at the end: a conflict is told now
        activity.forget_gone()
        wanted = project.wanted(targets)
        planned = steps(wanted)
        before, alone = _looked_at(wanted) if planned else ({}, set())
        elsewhere = jobs or engines.MOST
        with engines.launching(on, planned, elsewhere) as launch:
            here = launch is None
            most = jobs if here else elsewhere
            executor = Executor(planned, most, say, alone if here else (), launch)
            try:
                executor.work()
            except KeyboardInterrupt:
                raise KeyboardInterrupt("stages that had ended are kept") from None
            finally:
                vouched.forget(project.root(), set(map(project.rooted, executor.ran)))
                if planned:
                    with suppress(MwmError):  # a dvc.yaml that is being edited: what ran is told
                        _put_in_order(wanted, before)
    seconds = time.monotonic() - began
    kept = f", {len(executor.restored)} restored or unchanged" if executor.restored else ""
    ran = f"{len(executor.ran)} stages ran{kept}, in {duration(seconds)}"
    say(f"repro: {ran if planned else 'nothing to do'}")
    if as_json:
        ended = {"ran": executor.ran, "restored": executor.restored, "failed": executor.failed}
        print_json(ended | {"seconds": round(seconds, 1)})
    if executor.failed:
        raise MwmError(
            f"{', '.join(executor.failed)} failed, as told above; {len(executor.ran)} other stages "
            "ran and are kept, the same command goes on from there"
        )


def _looked_at(targets: Sequence[str]) -> tuple[dict[Path, list[str]], set[str]]:
    """The order of every dvc.lock, and the stages that use all cores: `meta: {cores: all}`.

    Raises:
        UsageError: as `lock_entries.check_lock` does.
    """
    with project.opened() as repo:
        lock_entries.check_lock(repo)
        stages = project.ordered(repo, targets)
        files = lock_entries.lock_files(stages)
        order = {path: lock_entries.entries(file) for path, file in files.items()}
        alone = {each.addressing for each in stages if project.meta(each).get("cores") == "all"}
    return order, alone


def _put_in_order(targets: Sequence[str], before: dict[Path, list[str]]) -> None:
    """Move entries that are new in a dvc.lock to where a serial run would have put them."""
    with project.opened() as repo:
        stages = project.ordered(repo, targets)
        for path, file in lock_entries.lock_files(stages).items():
            found = lock_entries.entries(file)
            serial = [*before.get(path, []), *(getattr(stage, "name", None) for stage in stages)]
            order = [name for name in dict.fromkeys([*serial, *found]) if name in found]
            if order != found:
                with lock_entries.editing(repo, path) as entries:
                    for name in order:
                        entries[name] = entries.pop(name)
