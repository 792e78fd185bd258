"""How long what runs still takes, and how that is said."""

import time
from collections.abc import Iterable
from typing import Any

from mwm.pipeline.activity import NUMBER, PROCESS, read
from mwm.pipeline.output import duration
from mwm.pipeline.project import root
from mwm.runtime.processes import alive

RUN = ".mwm/run.json"  # in which `mwm repro` notes how far it is
FORM = PROCESS | dict.fromkeys(("left", "updated", "done", "total"), NUMBER)


def eta(note: dict[str, Any]) -> float | None:
    """Seconds that a stage still takes at the pace of this process.

    None before its first step, and if the clock has been set back since it started.
    """
    done, total = note["done"], note["total"]
    here = done - note.get("before", 0)
    worked, since = note["updated"] - note["started"], time.time() - note["updated"]
    if not here or worked < 0 or since < 0:
        return None
    return max(0.0, float(worked / here * (total - done) - since))


def of_stage(note: dict[str, Any]) -> str:
    """`, about 2 min left`, to follow what a stage has done; nothing if that is not known."""
    seconds = eta(note)
    return "" if seconds is None else f", about {duration(seconds)} left"


def outlook(running: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Of the run under way: how many stages are "done", of what "total", and seconds to go, "eta".

    "eta" is at least what the slowest of the stages at work, whose notes are `running`, still
    takes; "late" tells that this is more than was expected. How many stages of unknown length are
    to go is "untimed": "eta" is without them, and does not count down while there are any, since
    one of them may be at work. None if nothing runs, or nothing was told of it.
    """
    note = read(root() / RUN, FORM)
    if note is None or not alive(note["pid"], note["pid_started"]):
        return None
    untimed = note.get("untimed", 0)
    since = 0.0 if untimed else max(0.0, time.time() - note["updated"])
    expected, longest = note["left"] - since, max((eta(each) or 0.0 for each in running), default=0)
    late = not untimed and expected <= longest
    left = {"eta": max(expected, longest), "untimed": untimed, "late": late}
    return {"done": note["done"], "total": note["total"]} | left


def told(outlook: dict[str, Any]) -> str:
    """`3 of 33 stages done, at most about 7 min left`."""
    words = in_words(outlook["eta"], outlook["untimed"], outlook["late"])
    return f"{outlook['done']} of {outlook['total']} stages done, {words}"


def in_words(seconds: float, untimed: int, late: bool = False) -> str:
    """What an outlook says of the time: `at most about 7 min left`."""
    if late:
        least = f"at least about {duration(seconds)} left," if round(seconds) else "taking"
        return f"{least} longer than expected"
    if untimed:
        unknown = f"{untimed} stage{'s' * (untimed > 1)} of unknown length"
        known = f"about {duration(seconds)} left, and {unknown}"
        return known if round(seconds) else f"{unknown} left"
    return f"at most about {duration(seconds)} left"
