"""What runs in a project, read from the notes that DVC and stages keep; no lock is taken."""

import json
import os
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from mwm import MwmError
from mwm.pipeline import claim
from mwm.pipeline.past_outputs import outs_of
from mwm.pipeline.project import belongs, root, shown
from mwm.runtime import rwlock
from mwm.runtime.processes import alive, started, told

STUDIES = "runs/**/.mwm"  # what .mwm is to the project, of each study
PROGRESS = (".mwm/progress/*.json", f"{STUDIES}/progress/*.json")
NUMBER = (int, float)
PROCESS = {"pid": (int,), "pid_started": NUMBER}  # what every note has
NOTE = {"label": "a stage", "unit": "", "done": 0, "total": 0, "started": 0.0, "updated": 0.0}
NOTE |= {"note": "", "before": 0}  # beside them, what else is shown of it
SKEW = 60.0  # seconds by which the clock of a file server may be behind


@dataclass(frozen=True)
class Holder:
    """A command that DVC's lock file (`.dvc/tmp/rwlock`) names.

    Attributes:
        pid, command: the process.
        alive: whether it is there, and not another one that has got its number since.
        writes: files that nobody else may touch meanwhile.
        reads: how many files nobody else may write.
    """

    pid: int
    command: str
    alive: bool
    writes: list[str]
    reads: int


def holders() -> list[Holder]:
    """What holds locks of DVC; none if the file is missing, or is being written."""
    locks, since = rwlock.read(root()), rwlock.changed(root())
    held: dict[tuple[int, str], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for path, info in locks.get("write", {}).items():
        held[info["pid"], info["cmd"]][0].add(shown(path))
    for path, infos in locks.get("read", {}).items():
        for info in infos:
            held[info["pid"], info["cmd"]][1].add(shown(path))
    return [
        Holder(pid, told(cmd), _is_there(pid, since), sorted(writes), len(reads - writes))
        for (pid, cmd), (writes, reads) in held.items()
    ]


def _is_there(pid: int, listed: float) -> bool:
    """Whether a process is there that began before its list was last written (Unix seconds)."""
    try:
        return started(pid) > 0 and psutil.Process(pid).create_time() < listed + SKEW
    except psutil.Error:
        return False


def others() -> list[Holder]:
    """Those at work that this process did not start."""
    ours = {child.pid for child in psutil.Process().children(recursive=True)}
    return [each for each in holders() if each.alive and each.pid not in ours]


def forget_gone() -> None:
    """Remove DVC's list of who reads and writes what if none of those is at work any more.

    DVC compares process ids alone. After a restart other processes have these, and DVC would wait
    for them without end.
    """
    found = holders()
    if found and not any(each.alive for each in found):
        rwlock.path(root()).unlink(missing_ok=True)


def progress(running: bool = True) -> dict[Path, dict[str, Any]]:
    """The files in which stages note how far they are: those at work, or those that are gone."""
    paths = (path for pattern in PROGRESS for path in sorted(root().glob(pattern)))
    found = {path: read(path, PROCESS) for path in paths}
    return {
        path: _filled(note)
        for path, note in found.items()
        if note is not None and alive(note["pid"], note["pid_started"]) == running
    }


def _filled(note: dict[str, Any]) -> dict[str, Any]:
    """A note, with what says nothing where a value is missing or of another kind.

    The process is there all the same, and nothing that it uses may go.
    """
    return note | {
        name: nothing
        for name, nothing in NOTE.items()
        if not isinstance(note.get(name), str if isinstance(nothing, str) else NUMBER)
    }


def named(note: dict[str, Any]) -> str:
    """What a note tells of, and its stage unless that says the same: `see` may be a study's."""
    label, stage = str(note["label"]), note.get("stage")
    return label if not stage or stage == label.replace(" ", "@") else f"{label} of {stage}"


def at_work() -> list[str]:
    """Commands that run in the project, this one aside."""
    held = [f"{h.command} (pid {h.pid})" for h in holders() if h.alive and h.pid != os.getpid()]
    run = claim.holder()
    held += [f"{run['command']} (pid {run['pid']})"] if run and run["pid"] != os.getpid() else []
    return held + [f"{named(note)} (pid {note['pid']})" for note in progress().values()]


def refuse_at_work(why: str) -> None:
    """Stop if anything is at work; `why` says what it may do to what is about to happen.

    Raises:
        MwmError: something is.
    """
    if held := at_work():
        raise MwmError(
            f"{root()}: expected nothing at work, found {held[0]}; wait until it has ended "
            f"(`mwm status`): {why}"
        )


def newest() -> tuple[str, str, float] | None:
    """The stage and path of the output that was written last, and when (Unix seconds).

    An output that is said to be of the future says nothing: the clock was set back since.
    """
    times, now = [], time.time()
    for lock in (path for path in root().glob("**/dvc.lock") if belongs(path, root())):
        with suppress(OSError):  # it may go meanwhile, or be unreadable, as an output may
            for stage, name, _ in outs_of(lock.read_bytes()):
                out = lock.parent / name
                with suppress(OSError):
                    emptied = out.is_dir() and not any(out.iterdir())  # by one interrupted since
                    if not emptied:
                        times.append((out.stat().st_mtime, stage, shown(str(out))))
    past = (each for each in times if each[0] <= now)
    when, stage, path = max(past, default=(0.0, "", ""))
    return (stage, path, when) if when else None


def read(path: Path, form: Mapping[str, tuple[type, ...]]) -> dict[str, Any] | None:
    """A JSON object with values of these types; None if it is not there, or not whole just now."""
    for _ in range(3):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            whole = isinstance(found, dict) and all(
                isinstance(found.get(name), types) for name, types in form.items()
            )
            return found if whole else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            time.sleep(0.02)
    return None
