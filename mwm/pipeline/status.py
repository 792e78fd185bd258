"""What runs now, how far it is and for how long; also while DVC is busy."""

import time
from typing import Any

from mwm.pipeline import activity, claim, project, remaining
from mwm.pipeline.output import AsJson, duration, print_json, shortened


def status(as_json: AsJson = False) -> None:
    """Show what runs now, how far it is, and the time left.

    Also who holds DVC's locks; or, if nothing runs, what was made last.
    JSON: {"running": [{"label", "stage", "done", "total", "unit", "note", "pid", "eta" (seconds, or
    null)}], "run": {"pid", "command", "started"} or null, "stages": {"done", "total", "eta",
    "untimed" (how many are not in it), "late" (it takes longer than expected)} or null, "locks":
    [{"pid", "command", "alive", "writes", "reads"}], "last": {"stage", "path", "written" (Unix
    seconds)} or null}.
    """
    project.required()
    running = [note | {"eta": remaining.eta(note)} for note in activity.progress().values()]
    run, locks, last = claim.holder(), activity.holders(), activity.newest()
    outlook = remaining.outlook(running)
    if as_json:
        newest = dict(zip(("stage", "path", "written"), last, strict=True)) if last else None
        held = [vars(holder) for holder in locks]
        told = {"running": running, "run": run, "stages": outlook, "locks": held, "last": newest}
        print_json(told)
        return
    if run:
        ago = duration(max(0.0, time.time() - run["started"]))  # the clock may be set back
        print(f"{shortened(run['command'], 60)} (pid {run['pid']}) has run for {ago}")
    if outlook:
        print(f"repro: {remaining.told(outlook)}")
    for note in running:
        print(_told(note))
    for holder in locks:
        print(_held(holder))
    if not (run or running or any(holder.alive for holder in locks)):
        print("status: nothing runs")
        if last:
            stage, path, when = last
            print(f"status: newest output: {path} of {stage}, {duration(time.time() - when)} ago")


def _told(note: dict[str, Any]) -> str:
    more = f", {note['note']}" if note.get("note") else ""
    share = f"{note['done']:,} of {note['total']:,} {note['unit']}"
    return shortened(
        f"{activity.named(note)}: {share}{remaining.of_stage(note)}{more} (pid {note['pid']})", 100
    )


def _held(holder: activity.Holder) -> str:
    pid = f"pid {holder.pid}" if holder.alive else f"pid {holder.pid}, ended: DVC will forget it"
    writes = ", ".join(holder.writes) or "nothing"
    told = f"{shortened(holder.command, 50)} ({pid}) writes {shortened(writes, 100)}"
    return f"{told}; reads {holder.reads} files"
